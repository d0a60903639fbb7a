/** The check of `doctor` that asks the server running on the data folder. */
import { resolve } from 'node:path'
import type { Config } from '../../config.ts'
import { type Finding, reporter } from '../../ops/doctor/finding.ts'
import { callServer } from '../../service/control/control-client.ts'

const report = reporter('server')

/** Whether a server runs, and accepts clients. */
export async function checkRunningServer({ data, inMemory }: Config): Promise<Finding[]> {
  if (inMemory) return []
  const folder = resolve(data)
  const health = await callServer(folder, 'GET', '/health')
  if (!health) return [report.ok(`none runs on ${folder} now`)]
  if (health.status === 504)
    return [report.wrong(`one holds ${folder} and does not answer`, ['restart the server'])]
  const { version } = health.body as { readonly version?: string }
  const ready = await callServer(folder, 'GET', '/ready')
  const { reason, addresses } = (ready?.body ?? {}) as {
    readonly reason?: string
    readonly addresses?: readonly string[]
  }
  const where = addresses === undefined ? '' : ` at ${addresses.join(' and ')}`
  const text = `version ${version} runs on ${folder}${where}`
  return [
    reason === undefined ? report.ok(text) : report.warning(`${text}, and is not ready: ${reason}`),
  ]
}
