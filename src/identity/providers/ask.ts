/** Asks a provider something over HTTP, for a bounded time and with a bounded answer. */
import { type Result, fail, ok } from '../../failure.ts'

const TIMEOUT_MS = 10_000
const MAX_BYTES = 262_144

export type JsonObject = Readonly<Record<string, unknown>>

/** @returns a failure whose words tell the operator which address did not answer, and no secret */
export async function askJson(url: string, init: RequestInit = {}): Promise<Result<JsonObject>> {
  const { origin, pathname } = new URL(url)
  const wrong = (what: string) =>
    fail<JsonObject>('provider_failed', `${origin}${pathname} ${what}`)
  try {
    const response = await fetch(url, {
      ...init,
      // What was asked may carry a secret, which must reach nobody else.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: 'application/json', 'user-agent': 'latchkey', ...init.headers },
    })
    const text = await response.text()
    if (text.length > MAX_BYTES) return wrong('answers with too much')
    const body: unknown = JSON.parse(text)
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      return wrong('answers with no object')
    if (!response.ok) return wrong(`answers with ${response.status}`)
    return ok(body as JsonObject)
  } catch (error) {
    return wrong(
      (error as Error).name === 'TimeoutError' ? 'does not answer' : 'gives no usable answer',
    )
  }
}

export function textOf(body: JsonObject, name: string): string | undefined {
  const value = body[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
