// Controls whose value is in the address: `<page>-<name>` is the parameter `name`.
(function () {
    const PATIENCE_MS = 5000;

    const nameOf = (id) => id.split("-").pop();
    const textOf = (value) => (Array.isArray(value) ? value.join(",") : value || "");

    // What a reader changed since the page said it; a page that was just built has no news.
    const news = (said) => {
        const inputs = window.dash_clientside.callback_context.inputs_list;
        const texts = inputs.map(({ id, value }) => [nameOf(id), textOf(value), id]);
        return texts.filter(([name, text]) => text !== ((said || {})[name] || ""));
    };

    // Another filter starts at the first page.
    const addressWith = (changes) => {
        const parameters = new URLSearchParams(window.location.search);
        for (const [name, text] of [["pagina"], ["antes"], ...changes]) {
            if (text) parameters.set(name, text);
            else parameters.delete(name);
        }
        return `?${parameters}`;
    };

    // A page that is built anew has a new control in the place of the one in use.
    const focusAgain = (id) => {
        const old = document.getElementById(id);
        const end = Date.now() + PATIENCE_MS;
        const look = () => {
            const now = document.getElementById(id);
            if (now && now !== old) now.focus();
            else if (Date.now() < end) window.requestAnimationFrame(look);
        };
        look();
    };

    window.dash_clientside = Object.assign({}, window.dash_clientside, {
        address: {
            // Opens the page again with what the controls say.
            follow: (...values) => {
                const changes = news(values.pop());
                if (!changes.length) return window.dash_clientside.no_update;
                focusAgain(changes[0][2]);
                return addressWith(changes);
            },

            // Replaces the address without a step in the history; the page asks for its rows itself.
            keep: (...values) => {
                const said = values.pop();
                const changes = news(said);
                if (!changes.length) return window.dash_clientside.no_update;
                const address = `${window.location.pathname}${addressWith(changes)}`;
                window.history.replaceState(window.history.state, "", address);
                return Object.assign({}, said, Object.fromEntries(changes));
            },
        },
    });
})();
