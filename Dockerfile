# Two stages: the first builds from the lock files, the second has Python, the installed program and nothing else of ours.

FROM python:3.13-slim AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/build.txt requirements/run.txt requirements/
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements/build.txt \
    && python -m venv /opt/wolkvox-exporter \
    && /opt/wolkvox-exporter/bin/pip install --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY exporter ./exporter
RUN /opt/build/bin/python -m hatchling build -t wheel \
    && /opt/wolkvox-exporter/bin/pip install --no-deps --no-index dist/*.whl

FROM python:3.13-slim
ARG REVISION=unknown
LABEL org.opencontainers.image.title="wolkvox-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the results of Wolkvox dialler campaigns" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/wolkvox-exporter /opt/wolkvox-exporter
# Group 0 may write to the storage folder: OpenShift runs containers as an arbitrary user of that group. 10965 is also the port.
RUN useradd --system --uid 10965 --gid 0 --no-create-home --shell /usr/sbin/nologin exporter \
    && install -d -o 10965 -g 0 -m 0770 /var/lib/wolkvox-exporter
ENV PATH="/opt/wolkvox-exporter/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WOLKVOX_EXPORTER_REVISION="${REVISION}" \
    WOLKVOX_EXPORTER_CONFIG_FILE=/etc/wolkvox-exporter/config.yml \
    WOLKVOX_EXPORTER_STORAGE_URL=sqlite:////var/lib/wolkvox-exporter/wolkvox-exporter.db
# By number: Kubernetes' runAsNonRoot cannot judge a name.
USER 10965
WORKDIR /var/lib/wolkvox-exporter
VOLUME /var/lib/wolkvox-exporter
EXPOSE 10965
STOPSIGNAL SIGTERM
# In exec form: no shell and no curl are needed.
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
    CMD ["python", "-m", "exporter.healthcheck"]
ENTRYPOINT ["wolkvox-exporter"]
