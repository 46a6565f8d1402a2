package vision

import (
	"bytes"
	"encoding/binary"
)

// exifHeader precedes the TIFF structure in JPEG segments, and in the WebP chunks of some writers.
var exifHeader = []byte("Exif\x00\x00")

func noExif([]byte) []byte { return nil }

// jpegExif returns the TIFF structure of the first Exif segment (APP1) before the image data.
func jpegExif(data []byte) []byte {
	const app1, sos, eoi = 0xe1, 0xda, 0xd9
	for at := 2; at+4 <= len(data); {
		if data[at] != 0xff {
			at++
			continue
		}
		marker := data[at+1]
		switch {
		case marker == 0xff || marker == 0: // fill byte, or no marker
			at++
			continue
		case marker == sos || marker == eoi:
			return nil
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd8: // markers without a segment
			at += 2
			continue
		}
		size := int(binary.BigEndian.Uint16(data[at+2:]))
		if size < 2 || size > len(data)-at-2 {
			return nil
		}
		if segment := data[at+4 : at+2+size]; marker == app1 && bytes.HasPrefix(segment, exifHeader) {
			return segment[len(exifHeader):]
		}
		at += 2 + size
	}
	return nil
}

// pngExif returns the contents of the eXIf chunk (PNG Third Edition, 11.3.4.5).
func pngExif(data []byte) []byte {
	for at := 8; at+12 <= len(data); {
		size := int64(binary.BigEndian.Uint32(data[at:]))
		if size > int64(len(data)-at-12) {
			return nil
		}
		if string(data[at+4:at+8]) == "eXIf" {
			return data[at+8 : at+8+int(size)]
		}
		at += 12 + int(size)
	}
	return nil
}

// webpExif returns the contents of the EXIF chunk (WebP Container Specification, Metadata).
func webpExif(data []byte) []byte {
	for at := 12; at+8 <= len(data); {
		size := int64(binary.LittleEndian.Uint32(data[at+4:]))
		if size > int64(len(data)-at-8) {
			return nil
		}
		if string(data[at:at+4]) == "EXIF" {
			return bytes.TrimPrefix(data[at+8:at+8+int(size)], exifHeader)
		}
		at += 8 + int(size+size&1)
	}
	return nil
}

// exifOrientation returns the orientation in the first directory of a TIFF structure (TIFF 6.0, section 2), upright
// where there is none or it is no orientation.
func exifOrientation(tiff []byte) orientation {
	const tagOrientation, typeShort, typeLong = 0x0112, 3, 4
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case len(tiff) < 8:
		return upright
	case string(tiff[:4]) == "MM\x00\x2a":
		order = binary.BigEndian
	case string(tiff[:4]) != "II\x2a\x00":
		return upright
	}
	offset := int64(order.Uint32(tiff[4:]))
	if offset > int64(len(tiff)-2) {
		return upright
	}
	directory := tiff[offset:]
	entries := int(order.Uint16(directory))
	for i := 0; i < entries && 2+12*(i+1) <= len(directory); i++ {
		entry := directory[2+12*i:]
		if order.Uint16(entry) != tagOrientation {
			continue
		}
		value := uint32(0)
		switch order.Uint16(entry[2:]) {
		case typeShort:
			value = uint32(order.Uint16(entry[8:]))
		case typeLong:
			value = order.Uint32(entry[8:])
		}
		if order.Uint32(entry[4:]) != 1 || value < 1 || value > 8 {
			return upright
		}
		return orientation(value)
	}
	return upright
}
