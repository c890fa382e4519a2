// The browser's part: the address, the search box and the grid's theme.
(function () {
    const GRID = "dados-grade";

    // The columns that the reader left, as the address says; "" means all.
    const columnsInAddress = () =>
        new URLSearchParams(window.location.search).get("colunas") || "";

    // What the last request asked for, as it goes into the address.
    const stateOf = (request, current, search) => ({
        tabela: current.tabela,
        versao: current.versao || "",
        filtro: request.filterModel || {},
        ordem: (request.sortModel || []).map(({ colId, sort }) => ({ colId, sort })),
        busca: search || "",
    });

    const addressOf = (state) => {
        const parameters = new URLSearchParams({ tabela: state.tabela });
        if (state.versao) parameters.set("versao", state.versao);
        if (Object.keys(state.filtro).length) parameters.set("filtro", JSON.stringify(state.filtro));
        if (state.ordem.length) parameters.set("ordem", JSON.stringify(state.ordem));
        if (state.busca) parameters.set("busca", state.busca);
        if (columnsInAddress()) parameters.set("colunas", columnsInAddress());
        return `${window.location.pathname}?${parameters}`;
    };

    const replaceAddress = (address) =>
        window.history.replaceState(window.history.state, "", address);

    const grid = () => window.dash_ag_grid.getApi(GRID);

    const hidesNames = () => /(^|; )nomes=ocultos(;|$)/.test(document.cookie);

    window.dash_clientside = Object.assign({}, window.dash_clientside, {
        viewer: {
            // Another table starts afresh; another release keeps filters, order and columns.
            chooseTable: (table, release, current) => {
                if (!table || !current) return window.dash_clientside.no_update;
                if (table !== current.tabela) return `?${new URLSearchParams({ tabela: table })}`;
                if ((release || "todas") === (current.versao || "todas"))
                    return window.dash_clientside.no_update;
                const parameters = new URLSearchParams(window.location.search);
                parameters.set("tabela", table);
                parameters.set("versao", release);
                return `?${parameters}`;
            },

            // Replaces the address without a step in the history; tells the count only of news.
            keepState: (request, current, search, before) => {
                if (!request || !current || !current.tabela)
                    return window.dash_clientside.no_update;
                const state = stateOf(request, current, search);
                replaceAddress(addressOf(state));
                const { tabela, versao, filtro, busca } = state;
                const query = { tabela, versao, filtro, busca };
                return JSON.stringify(query) === JSON.stringify(before)
                    ? window.dash_clientside.no_update
                    : query;
            },

            chooseColumns: (chosen) => {
                const api = grid();
                if (!api || !chosen) return window.dash_clientside.no_update;
                const all = api.getColumns().map((column) => column.getColId());
                const shown = all.filter((name) => chosen.includes(name));
                api.setColumnsVisible(shown, true);
                api.setColumnsVisible(all.filter((name) => !chosen.includes(name)), false);
                const parameters = new URLSearchParams(window.location.search);
                if (shown.length && shown.length < all.length)
                    parameters.set("colunas", shown.join(","));
                else parameters.delete("colunas");
                replaceAddress(`${window.location.pathname}?${parameters}`);
                return window.dash_clientside.no_update;
            },

            // The address says all that the export needs.
            exportRows: () => {
                const cause = window.dash_clientside.callback_context.triggered_id;
                const parameters = new URLSearchParams(window.location.search);
                parameters.set("formato", String(cause).split("-").pop());
                window.location.assign(`/exportar?${parameters}`);
                return window.dash_clientside.no_update;
            },

            // The cookie is the switch; pages are built anew with it.
            hideNames: (isChecked) => {
                if (isChecked === hidesNames()) return window.dash_clientside.no_update;
                document.cookie = isChecked
                    ? "nomes=ocultos; path=/; max-age=31536000; samesite=lax"
                    : "nomes=; path=/; max-age=0; samesite=lax";
                window.location.reload();
                return window.dash_clientside.no_update;
            },

            showSwitch: () => hidesNames(),

            searchAgain: () => {
                const api = grid();
                if (api) api.purgeInfiniteCache();
                return window.dash_clientside.no_update;
            },

            clearFilters: (clicks) => {
                if (!clicks) return window.dash_clientside.no_update;
                const api = grid();
                if (api) {
                    api.applyColumnState({ defaultState: { sort: null } });
                    api.setFilterModel(null);
                }
                return "";
            },

            knowRowCount: (rows) => {
                const api = grid();
                if (api && typeof rows === "number") api.setRowCount(Math.max(rows, 1), true);
                return window.dash_clientside.no_update;
            },

            // A mark of a chart leads to its rows.
            openPoint: (click) =>
                (click && click.points[0].customdata) || window.dash_clientside.no_update,

            setTitle: (title) => {
                if (title) document.title = title;
                return window.dash_clientside.no_update;
            },
        },
    });

    window.dashAgGridFunctions = Object.assign({}, window.dashAgGridFunctions, {
        // Filtering is the server's; the grid only wants a function to be there.
        answeredByTheServer: () => true,

        // Mantine's variables change with the colour scheme, and the grid with them.
        projectTheme: (theme) =>
            theme.withParams({
                accentColor: "var(--mantine-primary-color-filled)",
                backgroundColor: "var(--mantine-color-body)",
                foregroundColor: "var(--mantine-color-text)",
                borderColor: "var(--mantine-color-default-border)",
                headerBackgroundColor: "var(--faixa)",
                headerTextColor: "var(--mantine-color-text)",
                rowHoverColor: "var(--faixa)",
                fontFamily: "inherit",
                fontSize: 13,
                spacing: 6,
                wrapperBorderRadius: 8,
                browserColorScheme: "inherit",
            }),
    });
})();
