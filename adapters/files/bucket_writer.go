package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/minio/minio-go/v7"

	"github.com/soundings-io/soundings/domain/fault"
)

// bucketWriter sends a file in parts. A file of less than one part goes in one
// call, at the end.
type bucketWriter struct {
	// ctx is that of Create: writers have no context a call.
	ctx    context.Context
	bucket *Bucket
	key    string
	// upload is what S3 calls the upload; empty before the first part.
	upload string
	parts  []minio.CompletePart
	part   []byte
	done   bool
}

var errFileDone = errors.New("the file was committed or aborted")

func (w *bucketWriter) Write(p []byte) (int, error) {
	if w.done {
		return 0, errFileDone
	}
	if w.part == nil {
		w.part = make([]byte, 0, partSize)
	}
	written := 0
	for written < len(p) {
		if len(w.part) == partSize {
			if err := w.send(); err != nil {
				return written, err
			}
		}
		n := min(len(p)-written, partSize-len(w.part))
		w.part = append(w.part, p[written:written+n]...)
		written += n
	}
	return written, nil
}

// send uploads a part and empties it.
func (w *bucketWriter) send() error {
	ctx, cancel := context.WithTimeout(w.ctx, w.bucket.timeout)
	defer cancel()
	if w.upload == "" {
		upload, err := w.bucket.client.NewMultipartUpload(ctx, w.bucket.bucket, w.key, minio.PutObjectOptions{})
		if err != nil {
			return unwritten(err)
		}
		w.upload = upload
	}
	number := len(w.parts) + 1
	body := newSending(w.part)
	defer body.end()
	sent, err := w.bucket.client.PutObjectPart(ctx, w.bucket.bucket, w.key, w.upload, number, body, int64(len(w.part)),
		minio.PutObjectPartOptions{Sha256Hex: sum(w.part), DisableContentSha256: true})
	if err != nil {
		return unwritten(err)
	}
	w.parts = append(w.parts, minio.CompletePart{PartNumber: number, ETag: sent.ETag})
	w.part = w.part[:0]
	return nil
}

// Commit makes the file appear, whole.
func (w *bucketWriter) Commit() error {
	if w.done {
		return errFileDone
	}
	if w.upload != "" && len(w.part) > 0 {
		if err := w.send(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(w.ctx, w.bucket.timeout)
	defer cancel()
	var err error
	if w.upload == "" {
		body := newSending(w.part)
		defer body.end()
		_, err = w.bucket.client.PutObject(ctx, w.bucket.bucket, w.key, body, int64(len(w.part)), "", sum(w.part),
			minio.PutObjectOptions{DisableContentSha256: true})
	} else {
		_, err = w.bucket.client.CompleteMultipartUpload(ctx, w.bucket.bucket, w.key, w.upload, w.parts, minio.PutObjectOptions{})
	}
	if err != nil {
		return unwritten(err)
	}
	w.done, w.part = true, nil
	return nil
}

// Abort drops the parts, whatever became of the context.
func (w *bucketWriter) Abort() error {
	if w.done {
		return nil
	}
	w.done, w.part = true, nil
	if w.upload == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), w.bucket.timeout)
	defer cancel()
	err := bucketFault(w.bucket.client.AbortMultipartUpload(ctx, w.bucket.bucket, w.key, w.upload))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// unwritten is bucketFault, but that an upload that somebody dropped is no
// missing file.
func unwritten(err error) error {
	if translated := bucketFault(err); !fault.Is(translated, fault.NotFound) {
		return translated
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeExportFailed, "the upload of the export was dropped")
}

// sum is by which S3 knows that a part came unhurt, also where the library tries
// again while the body of its last try is still being read. Given one, minio-go has to be
// told not to sign the body in chunks, which few services take.
func sum(part []byte) string {
	s := sha256.Sum256(part)
	return hex.EncodeToString(s[:])
}
