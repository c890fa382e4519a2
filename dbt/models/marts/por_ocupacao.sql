{{ config(indexes=[{"columns": ["categoria_profissional"]}]) }}
{{ by_release_and(["cbo_2002", "categoria_profissional"]) }}
