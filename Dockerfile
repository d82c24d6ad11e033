# syntax=docker/dockerfile:1
# One image for every process: `serve` (the default), `migrate`, and the other commands.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
WORKDIR /srv/hosted-inbox
# The libraries first: this layer is built anew only when the pins change. Each is of the hash that
# was pinned, and a wheel, so no compiler is needed; dkimpy (pure Python) is published as source.
COPY requirements-build.txt requirements.txt ./
RUN /venv/bin/pip install --require-hashes --only-binary :all: -r requirements-build.txt \
    && /venv/bin/pip install --require-hashes --only-binary :all: --no-binary dkimpy \
       --no-build-isolation -r requirements.txt
# In place, as in a checkout: the migrations are found beside `app`.
COPY pyproject.toml ./
COPY app ./app
COPY migrations ./migrations
RUN /venv/bin/pip install --no-index --no-deps --no-build-isolation --editable . \
    && /venv/bin/python -m compileall -q app migrations

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin inbox \
    && install -d -o inbox -g inbox -m 0750 /data
COPY --from=build /venv /venv
COPY --from=build /srv/hosted-inbox /srv/hosted-inbox
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOSTED_INBOX_HOST=0.0.0.0 \
    HOSTED_INBOX_HTTP_PORT=8000 \
    HOSTED_INBOX_SMTP_PORT=2525 \
    HOSTED_INBOX_DATA_DIR=/data
USER inbox
WORKDIR /data
VOLUME /data
EXPOSE 8000 2525
# For processes with the HTTP door. Switch it off for the others.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/health/ready' % os.environ['HOSTED_INBOX_HTTP_PORT'], timeout=4)"]
# Exec form: the program is process 1 and gets SIGTERM itself, upon which it lets running
# deliveries end (HOSTED_INBOX_DRAIN_SECONDS). Allow it more time than that: `docker stop -t 40`.
ENTRYPOINT ["hosted-inbox"]
CMD ["serve"]
