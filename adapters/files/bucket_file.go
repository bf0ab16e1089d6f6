package files

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/soundings-io/soundings/domain/fault"
)

// bucketFile reads an object as it comes. It is always the same object: one
// that was replaced meanwhile is an error, never a mixture.
type bucketFile struct {
	// ctx is that of Open: readers have no context a call.
	ctx      context.Context
	bucket   *Bucket
	key      string
	etag     string
	size     int64
	modified time.Time
	// at is where the next Read begins.
	at int64
	// answer may stand elsewhere after a Seek; nil when there is none.
	answer *answer
}

// answer is a body that arrives. No wait for its next bytes is longer than the
// bucket's timeout; how long the reader takes in between is its own affair.
type answer struct {
	at      int64
	body    io.ReadCloser
	cancel  context.CancelFunc
	timer   *time.Timer
	timeout time.Duration
}

var errReplaced = fault.New(fault.Unavailable, fault.CodeExportFailed, "the file was replaced while it was read; begin again")

func (b *Bucket) openFile(ctx context.Context, key string) (*bucketFile, error) {
	f := &bucketFile{ctx: ctx, bucket: b, key: key}
	info, err := f.ask(minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	f.etag, f.size, f.modified = info.ETag, info.Size, info.LastModified
	return f, nil
}

func (f *bucketFile) ask(o minio.GetObjectOptions) (minio.ObjectInfo, error) {
	ctx, cancel := context.WithCancel(f.ctx)
	timer := time.AfterFunc(f.bucket.timeout, cancel)
	body, info, _, err := f.bucket.client.GetObject(ctx, f.bucket.bucket, f.key, o)
	timer.Stop()
	if err != nil {
		cancel()
		return info, bucketFault(err)
	}
	f.answer = &answer{f.at, body, cancel, timer, f.bucket.timeout}
	return info, nil
}

// Read asks once more where an answer broke off.
func (f *bucketFile) Read(p []byte) (int, error) {
	if f.at >= f.size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	broke := io.ErrNoProgress
	for range bucketAttempts {
		if err := f.stand(); err != nil {
			return 0, err
		}
		n, err := f.answer.read(p)
		f.at += int64(n)
		if err != nil {
			f.drop()
			broke = err
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, bucketFault(broke)
}

// stand sees to an answer that goes on where the next Read begins.
func (f *bucketFile) stand() error {
	if f.answer != nil && f.answer.at == f.at {
		return nil
	}
	f.drop()
	var o minio.GetObjectOptions
	if err := o.SetMatchETag(f.etag); err != nil {
		return bucketFault(err)
	}
	if f.at > 0 { // minio-go takes (0, 0) for the first byte alone
		if err := o.SetRange(f.at, 0); err != nil {
			return bucketFault(err)
		}
	}
	info, err := f.ask(o)
	if err == nil && info.ETag != f.etag { // not every service obeys If-Match
		f.drop()
		return errReplaced
	}
	return err
}

func (a *answer) read(p []byte) (int, error) {
	a.timer.Reset(a.timeout)
	defer a.timer.Stop()
	n, err := a.body.Read(p)
	a.at += int64(n)
	return n, err
}

func (f *bucketFile) drop() {
	if f.answer != nil {
		f.answer.timer.Stop()
		f.answer.cancel()
		_ = f.answer.body.Close()
		f.answer = nil
	}
}

// Seek asks for nothing: the next Read does.
func (f *bucketFile) Seek(offset int64, whence int) (int64, error) {
	to := offset
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		to += f.at
	case io.SeekEnd:
		to += f.size
	default:
		return 0, errors.New("files: unknown whence")
	}
	if to < 0 {
		return 0, errors.New("files: a place before the beginning")
	}
	f.at = to
	return to, nil
}

func (f *bucketFile) Size() int64        { return f.size }
func (f *bucketFile) ModTime() time.Time { return f.modified }

// Close drops what has not been read.
func (f *bucketFile) Close() error {
	f.drop()
	return nil
}
