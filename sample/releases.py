"""The 21 releases on CGU's page on 2026-02-22, with the names and forms they were published in.

Row counts are the real ones up to 2024-09; those of 2025 are a guess (about 75 000 each). Ranges of
`id_terc` are disjoint between files but not in the order of time: 2019-05 and 2022-09 come late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

COLUMNS: tuple[str, ...] = (
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
MONTHS = {1: "Janeiro", 5: "Maio", 9: "Setembro"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
EXCEL = "application/vnd.ms-excel"
DEFAULT_SCALE = 0.004
DEFAULT_SEED = 2019
TYPICAL_ROWS = 78_000


@dataclass(frozen=True)
class SampleRelease:
    """One published file. `rows` without the header; `encoding` and `mark` are of a csv only."""

    year: int
    month: int
    name: str
    rows: int
    first_id: int
    content_type: str = CSV
    encoding: str = "utf-8"
    has_header: bool = True
    decimal_mark: str = "."
    is_float32: bool = False
    sheet: str = ""

    @property
    def is_spreadsheet(self) -> bool:
        """Tell whether the file is an xlsx."""
        return bool(self.sheet)

    @property
    def is_plain(self) -> bool:
        """Tell whether accents are rare and late in the file: those in one byte a character."""
        return self.encoding in {"latin-1", "cp1252"}

    @property
    def label(self) -> str:
        """The release as people write it: `2024-05`."""
        return f"{self.year}-{self.month:02d}"

    @property
    def published_at(self) -> datetime:
        """When the portal says it was last modified: eleven weeks or so after its month began."""
        day = datetime(self.year, self.month, 1, 12, tzinfo=UTC)
        return day + timedelta(days=70 + self.rows % 25, seconds=self.rows % 3600)

    def scaled_rows(self, scale: float) -> int:
        """Return the number of rows at a scale (1.0 = the real size), at least 40."""
        return max(40, round(self.rows * scale))


RELEASES: tuple[SampleRelease, ...] = (
    SampleRelease(
        2019,
        1,
        "terceirizados-201901_1.csv",
        97_828,
        7_070_352,
        EXCEL,
        "utf-8-sig",
        has_header=False,
        decimal_mark=",",
    ),
    SampleRelease(2019, 5, "terceirizados_201905.csv", 89_986, 7_290_004),
    SampleRelease(2019, 9, "terceirizados_201909.csv", 88_740, 7_180_117),
    SampleRelease(2020, 1, "terceirizados_202001.csv", 80_884, 7_391_551),
    SampleRelease(2020, 5, "terceirizados_202005.csv", 77_372, 7_480_023, EXCEL, is_float32=True),
    SampleRelease(2020, 9, "terceirizados_202009.csv", 70_468, 7_568_210),
    SampleRelease(2021, 1, "terceirizados_202101.csv", 68_705, 7_650_338, EXCEL),
    SampleRelease(2021, 5, "terceirizados-202105.csv", 75_406, 7_731_902),
    SampleRelease(2021, 9, "terceirizados202109.csv", 75_921, 7_820_466),
    SampleRelease(2022, 1, "terceirizados202201.csv", 71_667, 7_910_745, EXCEL, "latin-1"),
    SampleRelease(2022, 5, "terceirizados202205.csv", 75_829, 8_090_310, EXCEL, "cp1252"),
    SampleRelease(2022, 9, "terceirizados202209.csv", 82_314, 7_999_001, EXCEL, "latin-1"),
    SampleRelease(2023, 1, "terceirizados202301.csv", 78_480, 8_180_666),
    SampleRelease(2023, 5, "terceirizados202305.csv", 73_515, 8_270_120),
    SampleRelease(2023, 9, "terceirizados202309.csv", 81_941, 8_360_909),
    SampleRelease(2024, 1, "terceirizados202401.xlsx", 82_581, 8_660_002, XLSX, sheet="Export"),
    SampleRelease(2024, 5, "terceirizados202405.xlsx", 73_870, 8_761_995, XLSX, sheet="Export"),
    SampleRelease(2024, 9, "terceirizados202409.xlsx", 76_893, 8_560_333, XLSX, sheet="Export"),
    SampleRelease(2025, 1, "terceirizados202501.xlsx", 75_210, 8_850_104, XLSX, sheet="Planilha1"),
    SampleRelease(2025, 5, "terceirizadosmaio.xlsx", 74_655, 8_940_871, XLSX, sheet="Planilha1"),
    SampleRelease(
        2025, 9, "terceirizadossetembro.xlsx", 75_480, 9_031_500, XLSX, sheet="Planilha1"
    ),
)


def release_of(year: int, month: int) -> SampleRelease:
    """Return a release; raises LookupError with the month that does not exist."""
    for release in RELEASES:
        if (release.year, release.month) == (year, month):
            return release
    raise LookupError(f"não há versão {year}-{month:02d}: são de janeiro, maio e setembro")
