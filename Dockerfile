# A static binary and nothing else. Where registries are out of reach, BUILDER names an image with Go, and GOPROXY
# where modules come from.
ARG BUILDER=golang:1.26-alpine
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
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /root-of-image/soundings ./bootstrap/cmd/soundings
# The folders that the process writes: its data, and the temporary files of spreadsheets.
RUN mkdir -p /root-of-image/data /root-of-image/tmp /root-of-image/etc/ssl/certs && chmod 1777 /root-of-image/tmp \
	&& cp /etc/ssl/certs/ca-certificates.crt /root-of-image/etc/ssl/certs/

FROM scratch
COPY --from=build --chown=65532:65532 /root-of-image /
USER 65532:65532
ENV HTTP_ADDR=0.0.0.0:8080 SOUNDINGS_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/soundings"]
CMD ["serve"]
