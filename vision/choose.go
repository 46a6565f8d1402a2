package vision

import "fmt"

// Source tells where a Preprocess is from.
type Source struct {
	Preset  string // its name; empty for the model's metadata
	Guessed bool   // GuessPreset chose it
}

// String returns "the model's metadata", "preset tf" or "preset tf (guessed)".
func (s Source) String() string {
	switch {
	case s.Preset == "":
		return "the model's metadata"
	case s.Guessed:
		return "preset " + s.Preset + " (guessed)"
	}
	return "preset " + s.Preset
}

// Choose returns how pictures become a model's input: by the preset of the given name or, where that is empty, by the model's
// metadata or, where they say nothing, by the preset that GuessPreset names. Labels are those of the metadata in any case. Errors
// wrap ErrPreprocess or ErrTooLarge; malformed metadata are none where a preset is named.
func Choose(spec InputSpec, metadata map[string]string, preset string) (Preprocess, Source, error) {
	own, found, err := FromMetadata(metadata)
	if preset == "" {
		if err != nil {
			return Preprocess{}, Source{}, err
		}
		if found {
			return own, Source{}, nil
		}
	}
	source := Source{Preset: preset, Guessed: preset == ""}
	if source.Guessed {
		source.Preset = GuessPreset(spec)
	}
	p, err := Preset(source.Preset)
	if err != nil {
		return Preprocess{}, Source{}, fmt.Errorf("preset: %w", err)
	}
	p.Labels = own.Labels
	return p, source, nil
}
