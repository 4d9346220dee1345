# Two images from one file: `verifier` answers scans and opens tokens; `all` is the office, the worker and the tools.
FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PYTHONPATH=/srv
WORKDIR /srv
RUN useradd --system --uid 10001 --home-dir /srv estamp \
    && install --directory --owner=estamp --group=estamp \
       /var/lib/estamp /var/lib/estamp/keys /var/lib/estamp/files /var/lib/estamp/print /var/lib/estamp/metrics /run/estamp
ENV DATA_DIR=/var/lib/estamp ENVIRONMENT=production HOST=0.0.0.0

FROM base AS verifier
COPY requirements/verifier.txt requirements/verifier.txt
RUN pip install --require-hashes --requirement requirements/verifier.txt
COPY config.py ./
COPY stamp_engine stamp_engine
COPY verifier verifier
USER 10001
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["gunicorn", "--preload", "--worker-class", "asgi", "--workers", "2", "--no-control-socket", "--env", "PROMETHEUS_MULTIPROC_DIR=/var/lib/estamp/metrics", "--bind", "0.0.0.0:8000", "verifier.asgi:app"]

FROM base AS all
COPY requirements/app.txt requirements/app.txt
RUN pip install --require-hashes --requirement requirements/app.txt
COPY config.py wsgi.py ./
COPY stamp_engine stamp_engine
COPY verifier verifier
COPY app app
COPY migrations migrations
USER 10001
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/office/sign-in', timeout=3)"]
CMD ["python", "-m", "app.cli", "serve", "--role", "management"]
