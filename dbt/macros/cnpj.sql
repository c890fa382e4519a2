{#- CNPJ: 14 characters, the last two are check digits (modulo 11). Since July 2026 the first twelve
    may be letters, whose value is their ASCII code less 48 (Receita Federal, IN 2.229/2024). -#}

{#- Without punctuation; with the zeros that a spreadsheet ate. -#}
{% macro padded_cnpj(column) -%}
    case
        when length(translate({{ column }}, './- ', '')) < 14
            then lpad(translate({{ column }}, './- ', ''), 14, '0')
        else upper(translate({{ column }}, './- ', ''))
    end
{%- endmacro %}

{#- `bytes` holds the 14 characters as bytea. -#}
{% macro cnpj_check_digit(bytes, weights) -%}
    ((
        {%- for weight in weights %}
        {{ weight }} * (get_byte({{ bytes }}, {{ loop.index0 }}) - 48){{ " +" if not loop.last }}
        {%- endfor %}
    ) * 10 % 11 % 10 = get_byte({{ bytes }}, {{ weights | length }}) - 48)
{%- endmacro %}

{% macro is_valid_cnpj(bytes) -%}
    {{ cnpj_check_digit(bytes, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) }}
    and {{ cnpj_check_digit(bytes, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) }}
{%- endmacro %}
