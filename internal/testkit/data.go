package testkit

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

var seed = flag.Int64("seed", 1, "seed of the random tests")

// Seed returns the seed of random tests (flag -seed, default 1) and logs it, so that a failure can be repeated.
func Seed(t testing.TB) int64 {
	t.Helper()
	t.Logf("seed %d (repeat with -seed %d)", *seed, *seed)
	return *seed
}

// Root returns the module's root folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Data returns the folder of real models and pictures: OCTET_DATA, by default ../shared/data beside the module.
// Where it is absent the test is skipped, or fails if OCTET_REQUIRE_DATA=1.
func Data(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("OCTET_DATA")
	if dir == "" {
		dir = filepath.Join(Root(), "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "MANIFEST.md")); err != nil {
		if os.Getenv("OCTET_REQUIRE_DATA") == "1" {
			t.Fatalf("data folder %s: %v (OCTET_REQUIRE_DATA=1 forbids the skip)", dir, err)
		}
		t.Skipf("no data folder at %s: set OCTET_DATA to run this test", dir)
	}
	return dir
}
