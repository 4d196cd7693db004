# The fonts come from npm, the program from Go; the image holds one static binary.
FROM node:24-slim AS fonts
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev --omit=optional

FROM golang:1.27.3 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=fonts /src/node_modules/@fontsource-variable/piazzolla/files/ /fonts/
COPY --from=fonts /src/node_modules/@fontsource-variable/source-sans-3/files/ /fonts/
RUN cp /fonts/piazzolla-cyrillic-wght-normal.woff2 /fonts/piazzolla-latin-wght-normal.woff2 \
       /fonts/source-sans-3-cyrillic-wght-normal.woff2 /fonts/source-sans-3-latin-wght-normal.woff2 \
       /fonts/source-sans-3-cyrillic-ext-wght-normal.woff2 templates/fonts/
RUN CGO_ENABLED=0 go build -tags production -trimpath -ldflags="-s -w" -o /kopiyka ./cmd/kopiyka && mkdir -m 700 /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /kopiyka /kopiyka
COPY --from=build --chown=65532:65532 /data /data
EXPOSE 8080
ENV KOPIYKA_ADDR=0.0.0.0:8080 KOPIYKA_DATA=/data
HEALTHCHECK --interval=10s --timeout=6s CMD ["/kopiyka", "healthcheck"]
ENTRYPOINT ["/kopiyka"]
CMD ["serve"]
