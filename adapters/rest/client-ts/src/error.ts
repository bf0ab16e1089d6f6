import type { Problem } from './schema.js'

/** What went wrong at Soundings: the problem document (RFC 9457) of its answer. */
export class SoundingsError extends Error {
  override readonly name = 'SoundingsError'
  /** The HTTP status. */
  readonly status: number
  /** Stable, for programs; `unavailable` where something before Soundings answered in its stead. */
  readonly code: Problem['code']
  /** What is wrong and what to do, for people. */
  readonly detail: string
  /** When the same request may work again, where Soundings knows. */
  readonly retryAt: Date | undefined
  /** The whole document, with `requestId`, `errors` and `allowed`; undefined where there was none. */
  readonly problem: Problem | undefined

  constructor(response: Response, body: unknown) {
    const problem = isProblem(body) ? body : undefined
    const detail = problem?.detail ?? `Soundings answered ${response.status} without a problem document`
    super(detail)
    this.status = response.status
    this.code = problem?.code ?? 'unavailable'
    this.detail = detail
    this.retryAt = retryTime(problem?.retryAt, response.headers.get('Retry-After'))
    this.problem = problem
  }

  /** Reads the body of a refusal that nobody has read yet. */
  static async from(response: Response): Promise<SoundingsError> {
    const text = await response.text().catch(() => '')
    try {
      return new SoundingsError(response, JSON.parse(text))
    } catch {
      return new SoundingsError(response, undefined)
    }
  }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body
}

/** A time of the document, or of the header: seconds from now, or a date. */
function retryTime(inDocument: string | undefined, header: string | null): Date | undefined {
  const said = inDocument ?? header
  if (!said) return undefined
  const at = new Date(/^\d+$/.test(said) ? Date.now() + Number(said) * 1000 : said)
  return Number.isNaN(at.getTime()) ? undefined : at
}
