package rest

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/octet-ml/octet/serve/oip"
)

// readTensor reads the data of a tensor in JSON.
func readTensor(t oip.Tensor, text string, base64 bool) ([]byte, error) {
	m := new(scratch)
	s := &scanner{data: []byte(text)}
	data, err := s.tensor(&t, base64, m)
	if err == nil {
		err = s.end()
	}
	out := append([]byte{}, data...)
	m.release()
	return out, err
}

func TestIntegersOfJSON(t *testing.T) {
	for _, c := range []struct {
		datatype oip.Datatype
		text     string
		want     uint64 // in two's complement
		ok       bool
	}{
		{oip.Uint8, "0", 0, true},
		{oip.Uint8, "255", 255, true},
		{oip.Uint8, "256", 0, false},
		{oip.Uint8, "-1", 0, false},
		{oip.Uint8, "-0", 0, true},
		{oip.Uint8, "1.0", 0, false},
		{oip.Uint8, "1e1", 0, false},
		{oip.Uint8, "01", 0, false},
		{oip.Uint8, "+1", 0, false},
		{oip.Uint8, "00", 0, false},
		{oip.Uint8, `"1"`, 0, false},
		{oip.Uint8, "true", 0, false},
		{oip.Uint8, "null", 0, false},
		{oip.Uint8, "-", 0, false},
		{oip.Uint8, "", 0, false},
		{oip.Uint16, "65535", 65535, true},
		{oip.Uint16, "65536", 0, false},
		{oip.Uint32, "4294967295", math.MaxUint32, true},
		{oip.Uint32, "4294967296", 0, false},
		{oip.Uint64, "18446744073709551615", math.MaxUint64, true},
		{oip.Uint64, "18446744073709551614", math.MaxUint64 - 1, true},
		{oip.Uint64, "18446744073709551609", math.MaxUint64 - 6, true},
		{oip.Uint64, "18446744073709551616", 0, false},
		{oip.Uint64, "184467440737095516150", 0, false},
		{oip.Uint64, "9007199254740993", 1<<53 + 1, true},
		{oip.Int8, "127", 127, true},
		{oip.Int8, "128", 0, false},
		{oip.Int8, "-128", 0x80, true},
		{oip.Int8, "-129", 0, false},
		{oip.Int16, "-32768", 0x8000, true},
		{oip.Int16, "32768", 0, false},
		{oip.Int32, "-2147483648", 0x80000000, true},
		{oip.Int32, "-2147483649", 0, false},
		{oip.Int64, "9223372036854775807", math.MaxInt64, true},
		{oip.Int64, "9223372036854775808", 0, false},
		{oip.Int64, "-9223372036854775808", 1 << 63, true},
		{oip.Int64, "-9223372036854775809", 0, false},
		{oip.Int64, "-9007199254740993", -(1<<53 + 1) & math.MaxUint64, true},
		{oip.Bool, "true", 1, true},
		{oip.Bool, "false", 0, true},
		{oip.Bool, "1", 0, false},
		{oip.Bool, "tru", 0, false},
		{oip.Bool, "truer", 0, false},
		{oip.Bool, `"true"`, 0, false},
	} {
		got, err := readTensor(oip.Tensor{Datatype: c.datatype, Shape: []int64{1}}, " [ "+c.text+"\n]", false)
		if c.ok != (err == nil) || err != nil && !errors.Is(err, oip.ErrInvalid) {
			t.Errorf("%s %s: %v, want it taken: %v", c.datatype, c.text, err, c.ok)
			continue
		}
		var wide [8]byte
		copy(wide[:], got)
		if bits := binary.LittleEndian.Uint64(wide[:]); c.ok && (bits != c.want || len(got) != c.datatype.Size()) {
			t.Errorf("%s %s: %#x in %d bytes, want %#x", c.datatype, c.text, bits, len(got), c.want)
		}
	}
}

func TestFloatsOfJSON(t *testing.T) {
	for _, c := range []struct {
		text   string
		ok, wd bool // for FP32, for FP64
	}{
		{"0", true, true},
		{"-0", true, true},
		{"0.0e-5", true, true},
		{"1", true, true},
		{"-12.5E+2", true, true},
		{"1e38", true, true},
		{"1e39", false, true},
		{"3.4028235677973367e38", false, true}, // just over the middle between the largest and what would follow
		{"3.4028235677973366e38", true, true},  // just under it
		{"1e-400", true, true},                 // rounds to 0
		{"1e400", false, false},
		{"-1e400", false, false},
		{"1e99999999999999999999", false, false},
		{"0e99999999999999999999", true, true},
		{"NaN", false, false},
		{"Infinity", false, false},
		{"-Infinity", false, false},
		{"inf", false, false},
		{"0x1p3", false, false},
		{"1_000", false, false},
		{".5", false, false},
		{"5.", false, false},
		{"1e", false, false},
		{"1e+", false, false},
		{"-", false, false},
		{"--1", false, false},
		{"1-", false, false},
		{"null", false, false},
		{`"1"`, false, false},
		{"false", false, false},
		{"[1]", false, false},
		{"{}", false, false},
	} {
		for datatype, want := range map[oip.Datatype]bool{oip.FP32: c.ok, oip.FP64: c.wd} {
			_, err := readTensor(oip.Tensor{Datatype: datatype, Shape: []int64{1}}, "["+c.text+"]", false)
			if want != (err == nil) || err != nil && !errors.Is(err, oip.ErrInvalid) {
				t.Errorf("%s %s: %v, want it taken: %v", datatype, c.text, err, want)
			}
			if want {
				checkFloat(t, datatype, c.text)
			}
		}
	}
}

// checkFloat compares a number with strconv's, to the bit.
func checkFloat(t *testing.T, datatype oip.Datatype, text string) {
	t.Helper()
	bits := 8 * datatype.Size()
	want, wantErr := strconv.ParseFloat(text, bits)
	got, err := readTensor(oip.Tensor{Datatype: datatype, Shape: []int64{1}}, "["+text+"]", false)
	if (err == nil) != (wantErr == nil) {
		t.Errorf("%s %s: %v, want %v", datatype, text, err, wantErr)
		return
	}
	if err != nil {
		return
	}
	same := bits == 64 && binary.LittleEndian.Uint64(got) == math.Float64bits(want) ||
		bits == 32 && binary.LittleEndian.Uint32(got) == math.Float32bits(float32(want))
	if !same {
		t.Errorf("%s %s: % x, want %v", datatype, text, got, want)
	}
}

// Every number is rounded once, the ones between two float32 included.
func TestFloatsAreRoundedAsByStrconv(t *testing.T) {
	const seed = 20240607
	r := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	for range 20_000 {
		f := math.Float32frombits(r.Uint32())
		next := math.Nextafter32(f, math.MaxFloat32)
		middle := (float64(f) + float64(next)) / 2
		if math.IsNaN(middle) || math.IsInf(middle, 0) {
			continue
		}
		d := math.Float64frombits(r.Uint64())
		texts := []string{
			strconv.FormatFloat(float64(f), 'g', -1, 32),
			strconv.FormatFloat(float64(f), 'e', 16, 64),
			strconv.FormatFloat(middle, 'g', -1, 64),
			strconv.FormatFloat(middle, 'f', -1, 64),
			strconv.FormatFloat(math.Nextafter(middle, 0), 'e', -1, 64),
			strconv.FormatFloat(r.NormFloat64(), 'f', r.IntN(20), 64),
			strconv.FormatUint(r.Uint64()>>r.IntN(64), 10) + "e" + strconv.Itoa(r.IntN(60)-30),
			strconv.FormatUint(r.Uint64(), 10) + strconv.FormatUint(r.Uint64(), 10) + "." + strconv.FormatUint(r.Uint64(), 10) + "e-20",
		}
		if !math.IsNaN(d) && !math.IsInf(d, 0) {
			texts = append(texts, strconv.FormatFloat(d, 'g', -1, 64))
		}
		for _, text := range texts {
			checkFloat(t, oip.FP32, text)
			checkFloat(t, oip.FP64, text)
		}
	}
}

func TestShapesOfData(t *testing.T) {
	for _, c := range []struct {
		name, text string
		shape      []int64
		want       string // the elements of UINT8; "error" where it is one
	}{
		{"flat", "[1,2,3,4]", []int64{2, 2}, "\x01\x02\x03\x04"},
		{"nested", "[[1,2],[3,4]]", []int64{2, 2}, "\x01\x02\x03\x04"},
		{"nested of ones", "[[[[9]]]]", []int64{1, 1, 1, 1}, "\x09"},
		{"flat of four dimensions", "[ 9 ]", []int64{1, 1, 1, 1}, "\x09"},
		{"scalar", "[9]", []int64{}, "\x09"},
		{"empty", "[]", []int64{0}, ""},
		{"empty of two dimensions", "[[],[]]", []int64{2, 0}, ""},
		{"space", "[ [1 , 2]\n,\t[3,4 ]\r]", []int64{2, 2}, "\x01\x02\x03\x04"},
		{"half nested", "[[1,2,3,4]]", []int64{1, 2, 2}, "error"},
		{"nested too deep", "[[[1]]]", []int64{1, 1}, "error"},
		{"much too deep", strings.Repeat("[", 1000) + strings.Repeat("]", 1000), []int64{1}, "error"},
		{"ragged", "[[1,2],[3]]", []int64{2, 2}, "error"},
		{"ragged with the right count", "[[1,2,3],[4]]", []int64{2, 2}, "error"},
		{"depths mixed", "[[1,2],3,4]", []int64{2, 2}, "error"},
		{"depths mixed the other way", "[1,2,[3,4]]", []int64{2, 2}, "error"},
		{"too few", "[1,2,3]", []int64{2, 2}, "error"},
		{"too many", "[1,2,3,4,5]", []int64{2, 2}, "error"},
		{"more than an empty one", "[1]", []int64{0}, "error"},
		{"a number", "1", []int64{1}, "error"},
		{"an object", "{}", []int64{1}, "error"},
		{"comma at the end", "[1,2,]", []int64{2}, "error"},
		{"comma at the start", "[,1]", []int64{1}, "error"},
		{"no comma", "[1 2]", []int64{2}, "error"},
		{"no end", "[1,2", []int64{2}, "error"},
		{"more after it", "[1,2]]", []int64{2}, "error"},
		{"a shape that is larger than its data", "[1]", []int64{1 << 30}, "error"},
		{"a shape that overflows", "[1]", []int64{1 << 40, 1 << 40}, "error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readTensor(oip.Tensor{Datatype: oip.Uint8, Shape: c.shape}, c.text, false)
			if c.want == "error" {
				if !errors.Is(err, oip.ErrInvalid) {
					t.Errorf("% x, %v: want an error", got, err)
				}
			} else if err != nil || string(got) != c.want {
				t.Errorf("% x, %v, want % x", got, err, c.want)
			}
		})
	}
}

func TestStringsOfJSON(t *testing.T) {
	for _, c := range []struct {
		name, text string
		base64     bool
		want       []string // nil: an error
	}{
		{"plain", `["a","bc"]`, false, []string{"a", "bc"}},
		{"empty", `["",""]`, false, []string{"", ""}},
		{"escapes", `["\"\\\n\u00e9","]"]`, false, []string{"\"\\\né", "]"}},
		{"UTF-8", `["é","日本"]`, false, []string{"é", "日本"}},
		{"a pair of surrogates", `["\ud83d\ude00","x"]`, false, []string{"😀", "x"}},
		{"not UTF-8", "[\"\xff\",\"x\"]", false, nil},
		{"a control character", "[\"\x01\",\"x\"]", false, nil},
		{"no such escape", `["\x","x"]`, false, nil},
		{"a number", `[1,"x"]`, false, nil},
		{"no end", `["a","b]`, false, nil},
		{"base64", `["AP8=","eA=="]`, true, []string{"\x00\xff", "x"}},
		{"base64 of a URL", `["_w==","eA=="]`, true, nil},
		{"base64 without padding", `["AP8","eA=="]`, true, nil},
		{"base64 with escapes", `["\u0041P8=","eA\u003d="]`, true, []string{"\x00\xff", "x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readTensor(oip.Tensor{Datatype: oip.Bytes, Shape: []int64{2}}, c.text, c.base64)
			var want []byte
			for _, element := range c.want {
				want = oip.AppendBytes(want, element)
			}
			if c.want == nil {
				if !errors.Is(err, oip.ErrInvalid) {
					t.Errorf("%q, %v: want an error", got, err)
				}
			} else if err != nil || string(got) != string(want) {
				t.Errorf("%q, %v, want %q", got, err, want)
			}
		})
	}
}

func TestDatatypesWithoutAFormInJSON(t *testing.T) {
	for _, datatype := range []oip.Datatype{oip.FP16, oip.BF16, "STRING", "", "fp32"} {
		_, err := readTensor(oip.Tensor{Datatype: datatype, Shape: []int64{1}}, "[1]", false)
		if !errors.Is(err, oip.ErrInvalid) || datatype.Size() > 0 && !strings.Contains(err.Error(), "binary") {
			t.Errorf("%q: %v", datatype, err)
		}
	}
}

// A large array of numbers is read without a value for each.
func TestLargeArraysTakeNoMemoryButTheTensor(t *testing.T) {
	const n = 3 * 224 * 224
	text := []byte("[" + strings.Repeat("-0.12345,", n-1) + "1]")
	tensor := oip.Tensor{Datatype: oip.FP32, Shape: []int64{1, 3, 224, 224}}
	m := new(scratch)
	allocs := testing.AllocsPerRun(5, func() {
		s := &scanner{data: text}
		if _, err := s.tensor(&tensor, false, m); err != nil {
			t.Fatal(err)
		}
		m.release()
	})
	if allocs > 20 {
		t.Errorf("%v allocations for %d elements", allocs, n)
	}
}

func BenchmarkTensorOfJSON(b *testing.B) {
	const n = 3 * 224 * 224
	r := rand.New(rand.NewPCG(1, 1))
	text := []byte("[")
	for range n {
		text = strconv.AppendFloat(text, float64(float32(r.NormFloat64())), 'g', -1, 32)
		text = append(text, ',')
	}
	text[len(text)-1] = ']'
	tensor := oip.Tensor{Datatype: oip.FP32, Shape: []int64{n}}
	m := new(scratch)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s := &scanner{data: text}
		if _, err := s.tensor(&tensor, false, m); err != nil {
			b.Fatal(err)
		}
		m.release()
	}
}
