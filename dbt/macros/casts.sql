{#- Casts that give null instead of an error. PostgreSQL 13 has no test for valid input, so each
    looks at the text first. -#}

{#- Amounts: `2012.55`, `2012,55`, `1.234,56`, float32 tails (`4036.360107421875`); two decimals. -#}
{% macro as_money(column) -%}
    case
        when {{ column }} ~ '^-?[0-9]{1,10}(\.[0-9]+)?$'
            then round({{ column }}::numeric, 2)
        when {{ column }} ~ '^-?[0-9]{1,10},[0-9]+$'
            then round(replace({{ column }}, ',', '.')::numeric, 2)
        when {{ column }} ~ '^-?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+$' and length({{ column }}) <= 16
            then round(replace(replace({{ column }}, '.', ''), ',', '.')::numeric, 2)
    end
{%- endmacro %}

{% macro as_hours(column) -%}
    case
        when {{ column }} ~ '^[0-9]{1,3}([.,][0-9]{1,2})?$'
            then replace({{ column }}, ',', '.')::numeric(5, 2)
    end
{%- endmacro %}

{% macro as_bigint(column) -%}
    case when {{ column }} ~ '^[0-9]{1,18}$' then {{ column }}::bigint end
{%- endmacro %}

{% macro as_smallint(column) -%}
    case when {{ column }} ~ '^[0-9]{1,4}$' then {{ column }}::smallint end
{%- endmacro %}

{#- Upper case without accents, to compare words that the source writes in both ways. -#}
{% macro plain_upper(column) -%}
    translate(upper({{ column }}), 'ÁÀÂÃÉÊÍÓÔÕÚÜÇ', 'AAAAEEIOOOUUC')
{%- endmacro %}
