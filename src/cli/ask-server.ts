/** Calls the running server over its control socket, for what only it knows. */
import { resolve } from 'node:path'
import { MISSING_NODES } from '../api/app.ts'
import { type Result, fail, ok } from '../failure.ts'
import { callServer } from '../service/control/control-client.ts'
import type { CommandContext } from './command.ts'

/** @returns a failure when no server runs on the data folder, or when it refuses */
export async function askServer<T>(
  { config, output }: CommandContext,
  method: string,
  path: string,
  body?: object,
): Promise<Result<T>> {
  const folder = resolve(config.data)
  const answer = await callServer(folder, method, path, body)
  if (!answer) return fail('not_found', `no server is running on ${folder}`)
  if (answer.status >= 400) {
    const { message, reason } = answer.body as { message?: string; reason?: string }
    return fail('invalid', message ?? reason ?? `the server answered ${answer.status}`)
  }
  const missing = answer.headers.get(MISSING_NODES)
  if (missing !== null) output.complain(`without the nodes that did not answer: ${missing}`)
  return ok(answer.body as T)
}
