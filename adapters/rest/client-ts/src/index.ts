/**
 * The HTTP API of Soundings, typed from its openapi.yaml. `schema.ts` is generated; `make generate` writes it anew.
 */
import createClient, { type Client } from 'openapi-fetch'
import { SoundingsError } from './error.js'
import type { paths, TaskEvent } from './schema.js'
import { watch, type WatchOptions } from './watch.js'

export type * from './schema.js'
export { SoundingsError } from './error.js'
export type { WatchOptions } from './watch.js'

/** Where Soundings is, and on whose behalf it is called. */
export interface SoundingsOptions {
  /** For example `http://127.0.0.1:8080`. */
  baseUrl: string
  /** An API key or a JWT, or a function that is asked for a fresh one before each request. */
  token: string | (() => string | Promise<string>)
  /** Takes the place of the global fetch. */
  fetch?: typeof globalThis.fetch
}

/** A client with a method for each HTTP method: `soundings.GET('/tasks/{id}', { params: { path: { id } } })`. */
export interface Soundings extends Client<paths> {
  /** Watches a task to its end, over lost connections, and returns it as it ended. */
  watchTask(id: string, options?: WatchOptions): Promise<TaskEvent>
}

/** Makes a client. It keeps no connection and no state. */
export function createSoundings(options: SoundingsOptions): Soundings {
  const base = options.baseUrl.replace(/\/+$/, '')
  const send = options.fetch ?? ((request: Request | string | URL, init?: RequestInit) => globalThis.fetch(request, init))
  const authorization = async () => {
    const token = typeof options.token === 'function' ? await options.token() : options.token
    return `Bearer ${token}`
  }
  const client = createClient<paths>({
    baseUrl: base,
    fetch: (request) => send(request),
    querySerializer: { array: { style: 'form', explode: false } }, // lists are words with commas between
  })
  client.use({
    async onRequest({ request }) {
      request.headers.set('Authorization', await authorization())
      return request
    },
  })
  return Object.assign(client, {
    watchTask: (id: string, watchOptions?: WatchOptions) =>
      watch(async (lastEventId, signal) => {
        const headers = new Headers({ Accept: 'text/event-stream', Authorization: await authorization() })
        if (lastEventId !== undefined) headers.set('Last-Event-ID', lastEventId)
        return send(`${base}/tasks/${encodeURIComponent(id)}/events`, { headers, signal, cache: 'no-store' })
      }, watchOptions),
  })
}

/**
 * Returns the document of an answer, or throws its problem as a SoundingsError:
 * `const task = await dataOf(soundings.POST('/tasks', { body: { url } }))`.
 */
export async function dataOf<T>(
  answer: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<Exclude<T, undefined>> {
  const { data, error, response } = await answer
  if (!response.ok) throw new SoundingsError(response, error)
  return data as Exclude<T, undefined>
}
