"""The 23 published columns, in the order of CGU's dictionary.

Source: "Dicionário de dados – Terceirizados", linked from the page of the dataset. The names have
been spelled alike in every file with a header since 2019-05.
"""

from __future__ import annotations

PUBLISHED: tuple[str, ...] = (
    "id_terc",
    "sg_orgao_sup_tabela_ug",
    "cd_ug_gestora",
    "nm_ug_tabela_ug",
    "sg_ug_gestora",
    "nr_contrato",
    "nr_cnpj",
    "nm_razao_social",
    "nr_cpf",
    "nm_terceirizado",
    "nm_categoria_profissional",
    "nm_escolaridade",
    "nr_jornada",
    "nm_unidade_prestacao",
    "vl_mensal_salario",
    "vl_mensal_custo",
    "Num_Mes_Carga",
    "Mes_Carga",
    "Ano_Carga",
    "sg_orgao",
    "nm_orgao",
    "cd_orgao_siafi",
    "cd_orgao_siape",
)

LINEAGE: tuple[str, ...] = ("linha_origem", "reparado")
"""What a loaded row carries beside the published columns; release and file are constants of it."""

MONTH_NAMES: tuple[str, ...] = (
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
)
