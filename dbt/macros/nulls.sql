{#- The null marks of the source, compared with whole trimmed values: `NI` is inside `TECNICO`.
    `-1` and `-2` mean "none" in codes only; in an amount they would be a value. -#}

{% macro trimmed(column) -%}
    btrim({{ column }}, e' \t\r\n\u00a0')
{%- endmacro %}

{#- The trimmed value, or null where it is one of the marks. -#}
{% macro without_null_marks(column, is_code=false) -%}
    case
        when
            {{ trimmed(column) }} in (
                '', '<N/I>', 'NI', 'NI.', 'NULL'{% if is_code %}, '-1', '-2'{% endif %}
            )
            then null
        else {{ trimmed(column) }}
    end
{%- endmacro %}
