# One static binary and two folders. `make image` copies a binary that was built outside (--target prebuilt) and needs no
# registry; `docker build .` builds it inside, on an image with Go that BUILDER names, with modules from GOPROXY.
# Certificates and time zones are in the binary.
ARG BUILDER=golang:1.26-alpine

FROM scratch AS shape
USER 65532:65532
ENV HTTP_ADDR=0.0.0.0:8080 SOUNDINGS_DATA_DIR=/data
EXPOSE 8080
ENTRYPOINT ["/soundings"]
CMD ["serve"]
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/soundings", "healthcheck"]
LABEL org.opencontainers.image.title="Soundings" org.opencontainers.image.licenses="Apache-2.0"

FROM shape AS prebuilt
COPY --chown=65532:65532 bin/image /
VOLUME /data

FROM ${BUILDER} AS build
ARG VERSION=dev
ARG GOPROXY
ARG GOFLAGS
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY domain domain
COPY ports ports
COPY application application
COPY adapters adapters
COPY bootstrap bootstrap
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /image/soundings ./bootstrap/cmd/soundings
# The folders that the process writes: its data, and the temporary files of spreadsheets.
RUN mkdir -p /image/data /image/tmp && chmod 1777 /image/tmp

FROM shape
COPY --from=build --chown=65532:65532 /image /
VOLUME /data
