/** What the page about deployment says of the files in `src/deploy`, of building, and of a path below a name. */
import { expect, test } from 'bun:test'
import { settings } from '../../src/config.ts'
import { Client } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'
import { codeSpans, deployFiles, readText } from './texts.ts'

const page = readText('src/docs/deploy.md')
const fileOf = (name: string) => readText(`src/deploy/${name}`).text
const expectSaid = (sentence: string) => expect(page.text).toContain(sentence)

const FILE = /^(Caddyfile|[\w-]+\.(conf|service|yaml))$/

test('the page names every deployment file and no other', () => {
  const named = codeSpans(page).filter((span) => FILE.test(span))
  const paths = [...page.text.matchAll(/src\/deploy\/([\w.-]+)/g)].map(([, name]) => name!)
  const there = deployFiles.map(({ name }) => name.replace('src/deploy/', ''))
  expect([...new Set([...named, ...paths])].toSorted()).toEqual(there.toSorted())
  for (const { name, text } of deployFiles)
    if (/\.(conf|service)$|Caddyfile/.test(name) && !name.endsWith('latchkey.service'))
      expect([name, text.includes('latchkey.example.com')]).toEqual([name, true])
})

test('the systemd unit has the user, data folder and settings of the page', () => {
  const unit = fileOf('latchkey.service')
  expectSaid('a user of its own, with its data in `/var/lib/latchkey`')
  for (const line of [
    'User=latchkey',
    'StateDirectory=latchkey',
    'Environment=LATCHKEY_DATA=/var/lib/latchkey',
    'EnvironmentFile=-/etc/latchkey.env',
    'ExecStart=/usr/local/bin/latchkey serve',
  ])
    expect(unit.split('\n')).toContain(line)
  const tls = fileOf('latchkey-tls.conf')
  expectSaid('`latchkey-tls.conf` does this on port 443 with the certificates of certbot')
  expect(tls).toContain('--port 443')
  expect(tls).toContain('/etc/letsencrypt/live/')
  const [, place] = /put it into `([^`]+)`/.exec(page.text)!
  expect(tls).toContain(place!)
})

test('compose.yaml sets the limits and drops all privileges', () => {
  expectSaid('which also sets the limits and takes every privilege away')
  const compose = Bun.YAML.parse(fileOf('compose.yaml')) as {
    services: { latchkey: Record<string, unknown> }
  }
  expect(compose.services.latchkey).toMatchObject({
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    read_only: true,
    volumes: ['latchkey:/data'],
    ulimits: { nofile: expect.any(Number) as number },
    environment: { LATCHKEY_TRUSTED_PROXIES: 'private' },
  })
})

test('the lines to change for a sub-path exist', async () => {
  expectSaid('In `nginx.conf`, write `location /realtime/ {`')
  expect(fileOf('nginx.conf')).toMatch(/^ +location \/ \{$/m)
  expectSaid('`reverse_proxy /realtime/* 127.0.0.1:8080`')
  expect(fileOf('Caddyfile')).toMatch(/^\s*reverse_proxy 127\.0\.0\.1:8080/m)
  const server = await startTestServer({ 'base-path': '/realtime' })
  try {
    const client = await Client.join(`${server.url.replace('http', 'ws')}/realtime/c/lobby`)
    client.close()
  } finally {
    await server.end()
  }
})

test('the named platforms can be built, with the named files', () => {
  const [, pattern] = /^const TARGET = \/(.*)\/$/m.exec(readText('src/build.ts').text)!
  const target = new RegExp(pattern!)
  const named = codeSpans(page).flatMap(
    (span) =>
      /^(?:bun run build --target )?((?:linux|darwin|windows)-[\w-]+)$/.exec(span)?.[1] ?? [],
  )
  expect(named.length).toBeGreaterThanOrEqual(6)
  expect(named.filter((name) => !target.test(name))).toEqual([])
  expectSaid('`bun run build --target linux-arm64` builds `dist/latchkey-linux-arm64`')
})

test('the settings to consider before exist', () => {
  const list = page.text.slice(page.text.indexOf('## Before you open it'))
  const flags = [...list.matchAll(/`--([a-z-]+)`/g)].map(([, flag]) => flag!.replace(/^no-/, ''))
  expect(flags.length).toBeGreaterThanOrEqual(4)
  const known = new Set(settings.map(({ flag }) => flag))
  expect(flags.filter((flag) => !known.has(flag))).toEqual([])
})
