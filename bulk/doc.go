// Package bulk classifies stored pictures in numbers that one machine does not hold, on Apache Beam: Flink, Spark, Dataflow or the
// local runner prism start the workers, hand them paths and start them again; what runs on a worker is an Octet program, shared by all
// of its goroutines.
//
// Classify is a transform for pipelines of one's own: paths to Results and to Unreadables. ClassifyToFiles is the job of the command
// octet-bulk: it spreads paths over shards by a hash of each, and a worker takes a shard at a time, from reading its pictures to
// writing its files. A shard whose files are complete says so in a file of its own, which comes last; a job that runs again skips
// those, and does all others anew.
//
// Pictures are read ahead of the cores, decoded, preprocessed and run in batches, on as many cores as Options say. Scores are the same
// bytes whatever the batch, the thread or the machine, as package runtime promises for integer models. A picture that cannot be read
// or decoded becomes an Unreadable with the reason, and fails nothing.
//
// Files (pictures, models, labels, outputs) are those of Beam's file systems: paths without a scheme are local, gs:// and s3:// need
// Beam's packages of these names in the binary.
//
// The package knows no scheduler, no retry of its own but for reads, and no streams: pictures are a bounded collection in the global
// window. What it shares in a process, programs by their Options, is the one thing global in it.
package bulk
