/** Name of the image in {@link IMAGE}, as every client has it then. */
export const IMAGE_NAME = "docker.io/library/box:latest";

/** Where a machine keeps the image that clients load: busybox and its applets. */
export const IMAGE = "/image.tar";

/**
 * Shell lines that pack the folder `/image` into {@link IMAGE}, in the form that `docker load`, `podman load` and
 * `ctr images import` read (image specification of Docker, version 1.2).
 */
export function packImage(): string {
  const config = JSON.stringify({
    architecture: Deno.build.arch === "x86_64" ? "amd64" : "arm64",
    os: "linux",
    config: { Env: ["PATH=/bin"], Cmd: ["sh"] },
    rootfs: { type: "layers", diff_ids: ["sha256:SUM"] },
    history: [{ created: "1970-01-01T00:00:00Z", created_by: "a test" }],
  });
  const manifest = JSON.stringify([{
    Config: "config.json",
    RepoTags: [IMAGE_NAME],
    Layers: ["layer.tar"],
  }]);
  return `mkdir /tmp/pack
cd /tmp/pack
tar -C /image -cf layer.tar .
sum=$(sha256sum layer.tar)
echo '${config}' | sed "s/SUM/\${sum%% *}/" >config.json
echo '${manifest}' >manifest.json
tar -cf ${IMAGE} manifest.json config.json layer.tar
rm -r /tmp/pack`;
}
