# The sidecar alone: one binary, the libduckdb that it links, CA certificates. Settings come from the environment,
# see docker-compose.yml; lake/, parquet/ and state/ below /app are meant to be volumes.

FROM rust:1.95-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY scripts/libduckdb.sh scripts/
RUN scripts/libduckdb.sh

# The dependencies, in a layer that only a change of the manifest rebuilds.
COPY Cargo.toml Cargo.lock build.rs ./
COPY .cargo .cargo
RUN mkdir src \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked

COPY src src
RUN touch src/main.rs src/lib.rs \
    && cargo build --release --locked

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /app pg2duck \
    && mkdir -p /app/lake /app/parquet /app/state \
    && chown -R pg2duck: /app
COPY --from=build /build/.duckdb/libduckdb.so /usr/local/lib/
COPY --from=build /build/target/release/pg2duck /usr/local/bin/
COPY scripts/docker-entrypoint.sh /usr/local/bin/
USER pg2duck
WORKDIR /app
VOLUME ["/app/lake", "/app/parquet", "/app/state"]
# `status` succeeds when the last cycle of every table did. A first copy may take its time.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30m CMD ["pg2duck", "status"]
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["run"]
