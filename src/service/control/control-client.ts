/** Calls the API of the server that runs on a data folder, over its socket file. */
import { existsSync } from 'node:fs'
import { controlSocketPath } from './control-socket.ts'

export interface ControlAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

/** Longer than the server itself waits for the write lock of the settings. */
const TIMEOUT_MS = 8000

/** @returns undefined when no server runs on that folder */
export async function callServer(
  folder: string,
  method: string,
  path: string,
  body?: object,
): Promise<ControlAnswer | undefined> {
  const unix = controlSocketPath(folder)
  if (!existsSync(unix)) return undefined
  try {
    const response = await fetch(`http://latchkey${path}`, {
      unix,
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    return {
      status: response.status,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
      headers: response.headers,
    }
  } catch (error) {
    if ((error as Error).name === 'TimeoutError') return HUNG
    // A killed server leaves its socket file behind, and nobody answers on it.
    return undefined
  }
}

/** A server that accepts the connection but does not answer in time still counts as running. */
const HUNG: ControlAnswer = {
  status: 504,
  body: { message: 'the server does not answer' },
  headers: new Headers(),
}

export async function isServed(folder: string): Promise<boolean> {
  return (await callServer(folder, 'GET', '/health')) !== undefined
}
