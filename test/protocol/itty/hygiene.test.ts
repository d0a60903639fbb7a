/** The server stores and logs as little as possible about its clients (L-6, AC-31). */
import { describe, expect, test } from 'bun:test'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '../../support/client.ts'
import { statusOf } from '../../support/itty.ts'
import { startServerProcess } from '../../support/server-process.ts'

/** Secret words of clients and owners, by where they are used. */
const SECRETS = {
  joinKey: 'jjOPENSESAMEjj',
  sendKey: 'ssOPENSESAMEss',
  wrongKey: 'wwOPENSESAMEww',
  alias: 'aaOPENSESAMEaa',
  message: 'mmOPENSESAMEmm',
  query: 'qqOPENSESAMEqq',
}

/** Everything a busy server of its own process has written: its output, and the files in its folder. */
async function traces(): Promise<{ output: string; files: string }> {
  const keys = ['--join-key', SECRETS.joinKey, '--send-key', SECRETS.sendKey]
  const flags = ['--log-level', 'debug', '--log-format', 'json']
  const server = await startServerProcess(flags, [['secret', ...keys]])
  await visit(server.sockets)
  const files = readdirSync(server.folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(server.folder, entry.name), 'latin1'))
    .join('\n')
  expect(await server.end()).toBe(0)
  return { output: server.output(), files }
}

/** Does what clients do, right and wrong. */
async function visit(base: string): Promise<void> {
  const { joinKey, sendKey, wrongKey, alias, message, query } = SECRETS
  const url = `${base}secret:room`
  const member = await Client.join(
    `${url}?joinKey=${joinKey}&sendKey=${sendKey}&as=${alias}&echo=true&x=${query}`,
  )
  member.sendJson(message)
  await member.message(message)
  member.sendDirect(message, message)
  member.send(`{${message}`)
  await member.next((frame) => frame['code'] === 'not_json')
  expect(await statusOf(`${url}?joinKey=${wrongKey}&as=${alias}&x=${query}`)).toBe(403)
  expect(await statusOf(`${base}%zz?joinKey=${wrongKey}`)).toBe(400)
  const http = base.replace('ws', 'http').replace(/c\/$/, '')
  for (const key of [sendKey, wrongKey]) {
    await fetch(`${http}push/secret:room?x=${query}`, {
      method: 'POST',
      headers: { 'x-send-key': key },
      body: JSON.stringify(message),
    })
  }
  await fetch(`${http}nowhere?x=${query}`)
  const metrics = await (await fetch(`${http}metrics`)).text()
  expect(metrics).toContain('latchkey_refusals_total{reason="join_refused"} 1')
  for (const secret of [...Object.values(SECRETS), 'secret:room']) {
    expect(metrics).not.toContain(secret)
  }
  member.close()
  await member.closing()
}

describe('what is kept', () => {
  test('L-6 AC-31 no key, query, alias or message is logged or stored in the clear', async () => {
    const { output, files } = await traces()
    // The reason of a refusal is on the server, where the owner can see it.
    expect(output).toContain('join_refused')
    expect(output).toContain('secret:room')
    for (const secret of Object.values(SECRETS)) {
      expect(output).not.toContain(secret)
      expect(files).not.toContain(secret)
    }
    expect(files).toContain('SQLite format 3')
  })
})
