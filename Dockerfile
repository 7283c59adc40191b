# An image with the program, the libraries that it loads, and nothing else: no shell, no package manager, not root.
#   docker build -t recipes . && docker run -p 127.0.0.1:8080:8080 -v recipes:/data recipes
# The data are in the volume /data. Commands: docker exec CONTAINER recipes users add ada@example.org --role admin

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY fuzz fuzz
COPY .env.example ./
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked -p recipes-server --bin recipes && cp target/release/recipes /usr/local/bin/recipes
# The root of the final image. The program finds mail servers and PostgreSQL by name: that takes nsswitch.conf and, inside the C
# library since Debian 12, no other file.
RUN set -eu; mkdir -p /image/data /image/etc/ssl/certs /image/tmp; \
    ldd /usr/local/bin/recipes | grep -o '/[^ ]*' | xargs -I{} cp -L --parents {} /image; \
    cp --parents /usr/local/bin/recipes /etc/ssl/certs/ca-certificates.crt /image; \
    echo 'hosts: files dns' >/image/etc/nsswitch.conf; \
    echo 'recipes:x:65532:65532:recipes:/data:/sbin/nologin' >/image/etc/passwd; \
    echo 'recipes:x:65532:' >/image/etc/group; \
    chmod 1777 /image/tmp; chown 65532:65532 /image/data

FROM scratch
COPY --from=build /image /
ENV PATH=/usr/local/bin HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /data
USER 65532:65532
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["recipes", "health"]
ENTRYPOINT ["recipes"]
CMD ["serve"]
