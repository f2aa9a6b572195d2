ARG BASE_IMAGE=python:3.13-slim-bookworm

FROM ${BASE_IMAGE} AS build
COPY requirements.txt requirements-traces.txt /
RUN python3 -m venv /opt/venv \
 && /opt/venv/bin/python3 -m pip install --no-cache-dir --disable-pip-version-check -r /requirements.txt -r /requirements-traces.txt

FROM ${BASE_IMAGE}
# A fixed number, so that folders of the host can be given to it.
RUN groupadd --gid 10001 grove \
 && useradd --uid 10001 --gid grove --no-create-home --home-dir /opt/grove --shell /usr/sbin/nologin grove \
 && install -d -o grove -g grove /var/lib/grove
COPY --from=build /opt/venv /opt/venv
COPY . /opt/grove
WORKDIR /opt/grove
# Compiled once and not at every start, for its user may not write here.
RUN /opt/venv/bin/python3 -m compileall -q . \
 && /opt/venv/bin/python3 -m whitenoise.compress --quiet static
ENV PATH=/opt/venv/bin:$PATH \
    PARTS_INSTALLED=1 \
    GROVE_HOME=/var/lib/grove \
    GROVE_BIND=0.0.0.0:5000 \
    PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib
USER grove
VOLUME /var/lib/grove
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python3", "-m", "commands.ready", "check"]
CMD ["./run.sh"]
