/** A route handler as Next.js has them: `app/api/analyse/route.ts`. */
import { randomUUID } from 'node:crypto'
import { dataOf, SoundingsError, type NewExport } from '../src/index.js'
import { soundings } from './soundings.js'

/** Analyses the address in the body and answers with the figures, and the posts as CSV. */
export async function POST(request: Request): Promise<Response> {
  const { url } = (await request.json()) as { url: string }
  // A browser that sends its request once more, with the same key, starts no second task.
  const key = request.headers.get('Idempotency-Key') ?? randomUUID()
  try {
    return Response.json(await analyse(url, key, request.signal))
  } catch (error) {
    if (!(error instanceof SoundingsError)) throw error
    const { code, detail, retryAt } = error
    return Response.json({ code, detail, retryAt }, { status: error.status })
  }
}

async function analyse(url: string, key: string, signal: AbortSignal) {
  const api = soundings()
  const header = { 'Idempotency-Key': key }
  const task = await dataOf(api.POST('/tasks', { params: { header }, body: { url }, signal }))

  let events = 0
  const { status } = await api.watchTask(task.id, { signal, onEvent: () => events++ })
  const summary = await dataOf(api.GET('/tasks/{id}/summary', { params: { path: { id: task.id } }, signal }))

  const body: NewExport = { taskId: task.id, format: 'csv', filter: { kind: ['comment', 'reply'] } }
  const made = await dataOf(api.POST('/tasks/export', { body, signal }))
  const ended = await api.watchTask(made.id, { signal })
  const params = { path: { id: made.id } }
  const csv = await dataOf(api.GET('/tasks/{id}/download', { params, parseAs: 'text', signal }))
  return { taskId: task.id, status, events, posts: summary.posts, export: ended.export, csv }
}
