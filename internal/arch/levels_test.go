package arch

import (
	"os"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
)

// TestLevels checks that OCTET_MAX_ISA reaches every level of this machine and prints them: .ci/run reads the line
// "available levels". OCTET_REQUIRE_ISA, a list of level names, fails where the machine lacks one of them.
func TestLevels(t *testing.T) {
	var names []string
	for _, l := range cpu.Available() {
		t.Setenv(cpu.EnvMaxISA, l.String())
		if got, err := cpu.Best(); got != l || err != nil {
			t.Errorf("%s=%v: got %v, %v", cpu.EnvMaxISA, l, got, err)
		}
		names = append(names, l.String())
	}
	t.Logf("available levels: %s", strings.Join(names, " "))
	for _, want := range strings.Fields(os.Getenv("OCTET_REQUIRE_ISA")) {
		if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+want+" ") {
			t.Errorf("OCTET_REQUIRE_ISA wants %s, the machine has %v", want, names)
		}
	}
}

// TestFoldersAreLevels checks that a kernel folder's name is one that OCTET_MAX_ISA takes, a part of one, or one in another encoding, for tests.
func TestFoldersAreLevels(t *testing.T) {
	for name := range folders {
		if _, err := cpu.ParseLevel(name); err != nil && name != "avx512" && name != "evexvnni" {
			t.Errorf("folder %s: %v", name, err)
		}
	}
}
