// Package vision turns pictures into model input tensors and scores into labels.
//
// A picture goes through five steps: [Decode] reads a file into an [Image] and turns it upright, [Preprocess.Apply]
// resizes, crops and normalizes it and writes the raw bytes of a tensor; after the model has run, [Softmax], [TopK] and
// [Labels] say what is in the picture. A [Preprocess] is a plain description that travels with a model as JSON under the
// metadata key [MetadataKey]; [Preset] has the usual ones.
//
// The results follow Pillow (the Python Imaging Library) and torchvision, because most models were trained and measured
// with them: [Resize] equals Pillow's Image.resize to the byte for every filter, orientation follows
// ImageOps.exif_transpose, alpha is dropped as by convert("RGB"), and cropping follows torchvision's Resize and
// CenterCrop. Chroma of JPEG and WebP files is interpolated as libjpeg and libwebp do it; a decoded JPEG still differs
// from libjpeg's by up to three steps (0.04 on average over the ImageNet samples, where repeated chroma would make it 0.9
// and up to 106), because the inverse cosine transform of image/jpeg rounds differently.
//
// It is not an image editor: pictures are 8-bit RGB or grey, colour profiles are ignored, and only the first frame of
// an animation is read. It knows nothing of models beyond the type, shape and quantization of their input, and it
// imports graph only.
//
// Invariants:
//   - no file, label list or description can make it panic or allocate more than its documented limits;
//   - an [Image] has Width*Height*Channels bytes, all functions leave their source unchanged;
//   - nothing global is mutable, all functions are safe for concurrent use on different destinations.
package vision
