# The hub as an image. From the repository's root:
#
#   docker build -f packaging/hub.Dockerfile -t emp-hub .
#   docker run -p 3001:3001 -v emp-hub:/data \
#     -e HUB_API_KEYS_FILE=/run/secrets/api -e HUB_WORKER_TOKENS_FILE=/run/secrets/workers \
#     -v ./api:/run/secrets/api:ro -v ./workers:/run/secrets/workers:ro emp-hub
#
# It listens on every address of the container, so it does not start without keys for clients: a
# file (one key a line), or HUB_API_KEYS. Machines enrol, or show a token of such a file or of
# HUB_WORKER_TOKENS.
# Jobs and files lie in /data; a folder of the host in its place must belong to user 10001. With
# REDIS_URL the jobs lie in that server, and without it in the hub's own, under /data.
# Needs no capability and no file system but /data and /tmp:
#   --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges

FROM docker.io/library/python:3.13-slim AS build
RUN python -m venv --without-pip /opt/hub
COPY packaging/hub-requirements.lock /tmp/
RUN python -m pip --python /opt/hub/bin/python install --no-cache-dir --no-compile \
    --require-hashes --requirement /tmp/hub-requirements.lock
COPY shared /opt/hub/app/shared
COPY hub /opt/hub/app/hub
RUN /opt/hub/bin/python -m compileall -q /opt/hub

FROM docker.io/library/python:3.13-slim
RUN useradd --system --uid 10001 --user-group --no-create-home hub \
    && install --directory --owner=hub --group=hub --mode=700 /data
COPY --from=build /opt/hub /opt/hub
ENV PATH=/opt/hub/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HUB_HOST=0.0.0.0 \
    HUB_PORT=3001 \
    HUB_DATA_DIR=/data
WORKDIR /opt/hub/app
USER 10001:10001
VOLUME /data
EXPOSE 3001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-c", "\
import http.client, os, sys; \
hub = http.client.HTTPConnection('127.0.0.1', int(os.environ['HUB_PORT']), timeout=4); \
hub.request('GET', '/health'); \
sys.exit(hub.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "hub"]
CMD ["serve"]
