/** Calls the running server over its control socket, for what only it knows. */
import { resolve } from 'node:path'
import { type Result, fail, ok } from '../failure.ts'
import { callServer } from '../service/control/control-client.ts'
import type { CommandContext } from './command.ts'

/** @returns a failure when no server runs on the data folder, or when it refuses */
export async function askServer<T>(
  { config }: CommandContext,
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
  return ok(answer.body as T)
}
