# Two stages: the first builds, the second has Python, the installed program and nothing else of ours.

FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY exporter ./exporter
RUN python -m venv /opt/wolkvox-exporter \
    && /opt/wolkvox-exporter/bin/pip install --no-cache-dir --disable-pip-version-check .

FROM python:3.13-slim
ARG REVISION=unknown
LABEL org.opencontainers.image.title="wolkvox-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the results of Wolkvox dialler campaigns" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/wolkvox-exporter /opt/wolkvox-exporter
# The storage folder belongs to the user that runs; 10965 is also the number of the port.
RUN useradd --system --uid 10965 --no-create-home --shell /usr/sbin/nologin exporter \
    && install -d -o exporter -g exporter -m 0700 /var/lib/wolkvox-exporter
ENV PATH="/opt/wolkvox-exporter/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WOLKVOX_EXPORTER_REVISION="${REVISION}" \
    WOLKVOX_EXPORTER_CONFIG_FILE=/etc/wolkvox-exporter/config.yml \
    WOLKVOX_EXPORTER_STORAGE_URL=sqlite:////var/lib/wolkvox-exporter/wolkvox-exporter.db
USER exporter
WORKDIR /var/lib/wolkvox-exporter
VOLUME /var/lib/wolkvox-exporter
EXPOSE 10965
STOPSIGNAL SIGTERM
# In exec form: no shell and no curl are needed.
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
    CMD ["python", "-m", "exporter.healthcheck"]
ENTRYPOINT ["wolkvox-exporter"]
