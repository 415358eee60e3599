# Homebrew, from a release's source. Not run on macOS yet.
class Tanba < Formula
  desc "Signs documents for web pages in Kazakhstan, in the place of NCALayer"
  homepage "https://127.0.0.1:13579/"
  version "0.1.0"
  license "Apache-2.0"
  depends_on "go" => :build

  def install
    ENV["GOFLAGS"] = "-buildvcs=false"
    system "go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w -X main.releaseVersion=#{version}", "-o", bin/"tanba", "./cmd/tanba"
    system "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin/"tanba-token", "./cmd/tanba-token"
    (man1/"tanba.1").write Utils.safe_popen_read("go", "run", "./installer/packages/gen", "man")
    (bash_completion/"tanba").write Utils.safe_popen_read("go", "run", "./installer/packages/gen", "bash")
    (zsh_completion/"_tanba").write Utils.safe_popen_read("go", "run", "./installer/packages/gen", "zsh")
    (fish_completion/"tanba.fish").write Utils.safe_popen_read("go", "run", "./installer/packages/gen", "fish")
  end

  def caveats
    "Run `tanba install` once: it starts the bridge and lets your browsers trust it."
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/tanba version")
  end
end
