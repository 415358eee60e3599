# Nix, from source: nix-build installer/packages/linux
{ pkgs ? import <nixpkgs> { } }:
pkgs.buildGoModule {
  pname = "tanba";
  version = "0.1.0";
  src = ../../..;
  # The modules are pinned by go.sum; the hash is that of the vendored set and is
  # told by the first build.
  vendorHash = pkgs.lib.fakeHash;
  subPackages = [ "cmd/tanba" "cmd/tanba-token" "installer/packages/gen" ];
  ldflags = [ "-s" "-w" "-X main.releaseVersion=0.1.0" ];
  doCheck = false;
  postInstall = ''
    mkdir -p $out/lib/systemd/user $out/share/man/man1
    $out/bin/gen unit | sed "s|/usr/bin/tanba|$out/bin/tanba|" > $out/lib/systemd/user/tanba.service
    $out/bin/gen man > $out/share/man/man1/tanba.1
    rm $out/bin/gen
  '';
  meta = {
    description = "Signs documents for web pages in Kazakhstan, in the place of NCALayer";
    license = pkgs.lib.licenses.asl20;
    mainProgram = "tanba";
  };
}
