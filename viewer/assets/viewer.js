// The browser's part: the address, the search box and the grid's theme.
(function () {
    const GRID = "dados-grade";

    // What the last request asked for, as it goes into the address.
    const stateOf = (request, table, search) => ({
        tabela: table,
        filtro: request.filterModel || {},
        ordem: (request.sortModel || []).map(({ colId, sort }) => ({ colId, sort })),
        busca: search || "",
    });

    const addressOf = (state) => {
        const parameters = new URLSearchParams({ tabela: state.tabela });
        if (Object.keys(state.filtro).length) parameters.set("filtro", JSON.stringify(state.filtro));
        if (state.ordem.length) parameters.set("ordem", JSON.stringify(state.ordem));
        if (state.busca) parameters.set("busca", state.busca);
        return `${window.location.pathname}?${parameters}`;
    };

    const grid = () => window.dash_ag_grid.getApi(GRID);

    window.dash_clientside = Object.assign({}, window.dash_clientside, {
        viewer: {
            chooseTable: (chosen, current) =>
                !chosen || chosen === current
                    ? window.dash_clientside.no_update
                    : `?${new URLSearchParams({ tabela: chosen })}`,

            // Replaces the address without a step in the history; tells the count only of news.
            keepState: (request, table, search, before) => {
                if (!request || !table) return window.dash_clientside.no_update;
                const state = stateOf(request, table, search);
                window.history.replaceState(window.history.state, "", addressOf(state));
                const query = { tabela: state.tabela, filtro: state.filtro, busca: state.busca };
                return JSON.stringify(query) === JSON.stringify(before)
                    ? window.dash_clientside.no_update
                    : query;
            },

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
