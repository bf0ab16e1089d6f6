import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { SoundingsError } from './error.js'
import type { TaskEvent } from './schema.js'

/** How a task is watched. */
export interface WatchOptions {
  /** Called for each event, one after the other; what it throws ends the watch. */
  onEvent?: (task: TaskEvent) => void
  /** Called each time before a lost connection is tried again. */
  onRetry?: (cause: unknown, waitMs: number) => void
  /** Ends the watch: the promise is rejected with the signal's reason. */
  signal?: AbortSignal
  /** How long in a row the connection may fail, in milliseconds. Five minutes without it. */
  patienceMs?: number
  /** After how much silence a connection counts as lost. Soundings is heard every 15 seconds; 45 without it. */
  silenceMs?: number
  /** The wait before the second attempt; each one after that waits twice as long. One second without it. */
  firstWaitMs?: number
}

/** Opens the stream, told the id of the last event that was seen. */
export type Connect = (lastEventId: string | undefined, signal: AbortSignal) => Promise<Response>

const longestWaitMs = 30_000

/**
 * Follows a stream of events to its `done`, over as many connections as it takes, and returns the task as it ended.
 * A refusal that another attempt would not change (401, 403, 404, …) is thrown at once as a SoundingsError.
 */
export async function watch(connect: Connect, options: WatchOptions = {}): Promise<TaskEvent> {
  const { signal, patienceMs = 300_000, firstWaitMs = 1_000 } = options
  const seen: Seen = { lastEventId: undefined, heardAt: Date.now(), failures: 0 }
  for (;;) {
    signal?.throwIfAborted()
    let cause: unknown
    try {
      const done = await follow(connect, seen, options)
      if (done) return done
    } catch (error) {
      signal?.throwIfAborted()
      if (!mayPass(error)) throw error instanceof Rethrown ? error.cause : error
      cause = error
    }
    const waitMs = waitBefore(cause, seen.failures++, firstWaitMs)
    if (Date.now() + waitMs - seen.heardAt > patienceMs) {
      throw cause ?? new Error('the stream of events ended again and again before the task did')
    }
    options.onRetry?.(cause, waitMs)
    await pause(waitMs, signal)
  }
}

interface Seen {
  lastEventId: string | undefined
  /** When anything was heard last, be it a ping: patience counts from there. */
  heardAt: number
  failures: number
}

/** Wraps what the caller's own function threw, which no other attempt would mend. */
class Rethrown extends Error {}

/** Reads one connection to its end. Returns undefined if that came before the task's. */
async function follow(connect: Connect, seen: Seen, options: WatchOptions): Promise<TaskEvent | undefined> {
  const line = new AbortController()
  const hangUp = () => line.abort(options.signal?.reason)
  options.signal?.addEventListener('abort', hangUp, { once: true })
  const silence = new Silence(line, options.silenceMs ?? 45_000)
  try {
    const response = await connect(seen.lastEventId, line.signal)
    if (!response.ok) throw await SoundingsError.from(response)
    if (!response.body) return undefined
    return await readEvents(response.body, seen, silence, options)
  } finally {
    silence.end()
    options.signal?.removeEventListener('abort', hangUp)
    line.abort()
  }
}

async function readEvents(
  body: ReadableStream<Uint8Array>,
  seen: Seen,
  silence: Silence,
  options: WatchOptions,
): Promise<TaskEvent | undefined> {
  let done: TaskEvent | undefined
  const parser = createParser({
    onEvent: ({ id, event, data }: EventSourceMessage) => {
      if (done || (event !== 'progress' && event !== 'done')) return
      const task = JSON.parse(data) as TaskEvent
      seen.lastEventId = id ?? seen.lastEventId
      seen.failures = 0
      if (event === 'done') done = task
      try {
        options.onEvent?.(task)
      } catch (thrown) {
        throw new Rethrown('onEvent has thrown', { cause: thrown })
      }
    },
  })
  const reader = body.getReader()
  const decoder = new TextDecoder()
  while (!done) {
    const { done: ended, value } = await reader.read()
    if (ended) return undefined
    silence.begin()
    seen.heardAt = Date.now()
    parser.feed(decoder.decode(value, { stream: true }))
  }
  return done
}

/** Hangs up a line on which nothing is heard, not even a ping. */
class Silence {
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly line: AbortController,
    private readonly ms: number,
  ) {
    this.begin()
  }

  begin(): void {
    this.end()
    this.timer = setTimeout(() => this.line.abort(new Error(`nothing was heard for ${this.ms} ms`)), this.ms)
  }

  end(): void {
    clearTimeout(this.timer)
  }
}

/** Tells whether another attempt may go better: after trouble on the way, too many requests, and errors of the server. */
function mayPass(error: unknown): boolean {
  if (error instanceof Rethrown) return false
  return !(error instanceof SoundingsError) || error.status === 408 || error.status === 429 || error.status >= 500
}

/** Doubles from attempt to attempt, with up to a half taken off by chance, and obeys a server that names a time. */
function waitBefore(cause: unknown, failures: number, firstMs: number): number {
  const ms = Math.min(longestWaitMs, firstMs * 2 ** Math.min(failures, 16)) * (1 - Math.random() / 2)
  const named = cause instanceof SoundingsError && cause.retryAt ? cause.retryAt.getTime() - Date.now() : 0
  return Math.max(ms, named)
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
