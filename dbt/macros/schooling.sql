{#- Schooling as the source writes it, and as the style manual does: first letter, accents. -#}
{% macro as_schooling(column) -%}
    {%- set levels = {
        "NAO SABE LER/ESCREVER": "Não sabe ler/escrever",
        "ALFABETIZADO": "Alfabetizado",
        "ENSINO FUNDAMENTAL INCOMPLETO": "Ensino fundamental incompleto",
        "ENSINO FUNDAMENTAL COMPLETO": "Ensino fundamental completo",
        "ENSINO MEDIO INCOMPLETO": "Ensino médio incompleto",
        "ENSINO MEDIO COMPLETO": "Ensino médio completo",
        "CURSO TECNICO COMPLETO": "Curso técnico completo",
        "SUPERIOR INCOMPLETO": "Superior incompleto",
        "SUPERIOR COMPLETO": "Superior completo",
        "ESPECIALIZACAO/RESIDENCIA": "Especialização/Residência",
        "POS GRADUACAO": "Pós-graduação",
        "MESTRADO": "Mestrado",
        "DOUTORADO": "Doutorado",
        "SEM EXIGENCIA": "Sem exigência",
    } -%}
    case replace({{ plain_upper(column) }}, '-', ' ')
        {%- for published, ours in levels.items() %}
        when '{{ published }}' then '{{ ours }}'
        {%- endfor %}
    end
{%- endmacro %}
