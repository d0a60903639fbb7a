/** `doctor` and the machine: settings, data folder, mounts, clock, open files, port. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { checkClock, checkRemoteClock } from '../../src/ops/doctor/clock.ts'
import { checkConfiguration } from '../../src/ops/doctor/configuration.ts'
import { examine } from '../../src/ops/doctor/doctor.ts'
import type { Finding } from '../../src/ops/doctor/finding.ts'
import { checkFolder, judgeStorage } from '../../src/ops/doctor/data-folder.ts'
import { judgeLimit } from '../../src/ops/doctor/file-limit.ts'
import { parseLimit } from '../../src/ops/open-files.ts'
import { hazardOf, isInContainer, mountOf, parseMounts } from '../../src/ops/doctor/mounts.ts'
import { checkPort } from '../../src/ops/doctor/port.ts'
import { Probe } from '../../src/ops/doctor/probe.ts'
import { parseTarget } from '../../src/ops/doctor/target.ts'
import {
  type TestServer,
  startTestServer,
  temporaryFolder,
  testConfig as config,
} from '../support/server.ts'
import { listen, page } from './doctor-proxies.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())

async function collect(found: AsyncIterable<Finding> | Iterable<Finding>): Promise<string[]> {
  const texts: string[] = []
  for await (const finding of found) texts.push(`${finding.verdict}: ${finding.message}`)
  return texts
}

describe('configuration', () => {
  const cases: [string, Record<string, string>, string | undefined, string][] = [
    ['defaults', {}, undefined, 'ok: the settings fit together'],
    ['plain http for everybody', { host: '0.0.0.0' }, undefined, 'without TLS'],
    [
      'a base path that the address lacks',
      { 'base-path': '/rt' },
      'http://localhost',
      'the public address has no path',
    ],
    [
      'a base path that differs',
      { 'base-path': '/rt' },
      'http://localhost/x',
      'the public address has /x',
    ],
    [
      'no trusted proxy',
      { 'allowed-origins': 'https://a.test' },
      'https://a.test',
      'no proxy is trusted',
    ],
    [
      'every proxy trusted',
      { 'trusted-proxies': '0.0.0.0/0' },
      undefined,
      'trusts 0.0.0.0/0 as a proxy',
    ],
    [
      'any origin',
      { 'trusted-proxies': 'loopback' },
      'https://a.test',
      'pages of any site may connect',
    ],
    [
      'a sandbox for everybody',
      { sandbox: 'true', 'sandbox-on-public-address': 'true' },
      undefined,
      'whoever reaches the server can make apps on it',
    ],
    ['late pings', { 'idle-timeout': '120' }, undefined, 'pinged only after about 112 s'],
  ]
  test.each(cases)('%s', async (_name, flags, url, message) => {
    const target = url === undefined ? undefined : parseTarget(url)
    const found = await collect(checkConfiguration(config(flags), target))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(message)
  })

  test('accepts a wide bind behind a proxy with TLS', async () => {
    const flags = {
      host: '0.0.0.0',
      'trusted-proxies': 'private',
      'allowed-origins': 'https://a.test',
    }
    const found = await collect(checkConfiguration(config(flags), parseTarget('https://a.test')))
    expect(found).toEqual(['ok: the settings fit together'])
  })
})

describe('target', () => {
  test('understands addresses of clients and of browsers', () => {
    expect(parseTarget('https://my.host/realtime/')).toMatchObject({
      secure: true,
      port: 443,
      path: '/realtime',
    })
    expect(parseTarget('wss://my.host/rt/c/room?joinKey=k')).toMatchObject({
      path: '/rt',
      origin: 'https://my.host',
    })
    expect(parseTarget('ws://[::1]:8080')).toMatchObject({
      host: '::1',
      port: 8080,
      authority: '[::1]:8080',
    })
    expect(parseTarget('https://my.host/c')).toMatchObject({ path: '/c' })
    expect(parseTarget('ftp://my.host')).toBeUndefined()
    expect(parseTarget('my.host')).toBeUndefined()
  })
})

describe('data folder', () => {
  test('is not examined for a server in memory', async () => {
    const found = await collect(checkFolder(config({ 'in-memory': 'true' })))
    expect(found).toEqual(['skipped: there is none: --in-memory'])
  })

  test('is written to and left as it was', async () => {
    const found = await collect(checkFolder(config({ data: folder.path })))
    expect(found[0]).toBe(`ok: ${folder.path} can be written`)
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('may be missing, and is not made', async () => {
    const data = join(folder.path, 'deep', 'data')
    expect((await collect(checkFolder(config({ data }))))[0]).toContain('does not exist yet')
    expect(existsSync(data)).toBe(false)
  })

  test('is reported if it is a file', async () => {
    const data = join(folder.path, 'file')
    writeFileSync(data, '')
    expect(await collect(checkFolder(config({ data })))).toEqual([
      `wrong: ${data} is a file, not a folder`,
    ])
    rmSync(data)
  })

  test.skipIf(!existsSync('/proc/self'))('is reported if it is not writable', async () => {
    expect((await collect(checkFolder(config({ data: '/proc' }))))[0]).toMatch(
      /^wrong: \/proc cannot be written \(E/,
    )
  })

  test.skipIf(process.platform === 'win32')(
    'is reported if others can read its secrets',
    async () => {
      const data = join(folder.path, 'modes')
      mkdirSync(data)
      for (const name of ['master.key', 'latchkey.db']) {
        writeFileSync(join(data, name), '')
        chmodSync(join(data, name), 0o644)
      }
      const open = (await collect(checkFolder(config({ data })))).join('\n')
      expect(open).toContain('wrong: master.key can be read by other users (mode 0644)')
      expect(open).toContain('warning: latchkey.db can be read by other users')
      chmodSync(join(data, 'master.key'), 0o600)
      chmodSync(join(data, 'latchkey.db'), 0o640)
      expect((await collect(checkFolder(config({ data })))).join('\n')).not.toContain('can be read')
    },
  )

  test('is reported if the history may outgrow the disk', async () => {
    const warnings = async (megabytes: string) => {
      const given = config({ data: folder.path, 'history-disk-mb': megabytes })
      return (await collect(checkFolder(given))).filter((line) => line.includes('the history'))
    }
    expect(await warnings('16777216')).toEqual([
      expect.stringMatching(
        /^warning: \d+ MiB are free on its disk, and the history may grow by 16777216 MiB/,
      ),
    ])
    expect(await warnings('1')).toEqual([])
    expect(await warnings('0')).toEqual([])
  })

  const memory = '/dev/shm'
  test.skipIf(!existsSync(memory))('is reported if it is in memory', async () => {
    const data = mkdtempSync(join(memory, 'latchkey-doctor-'))
    const found = await collect(checkFolder(config({ data })))
    rmSync(data, { recursive: true })
    expect(found.at(-1)).toContain('warning: it lies in memory (tmpfs)')
  })
})

describe('mounts', () => {
  const table = parseMounts(
    [
      '22 27 0:21 / /proc rw,relatime - proc proc rw',
      '27 1 0:51 / / rw,relatime shared:1 master:2 - overlay overlay rw,lowerdir=/a',
      '28 27 8:1 /var/lib/docker/volumes/latchkey/_data /data rw - ext4 /dev/sda1 rw',
      `29 27 8:1 /var/lib/docker/volumes/${'a'.repeat(64)}/_data /anonymous rw - ext4 /dev/sda1 rw`,
      '30 27 0:60 / /my\\040disk rw - nfs4 host:/x rw',
      '31 27 0:61 / /data/sub rw - ext4 /dev/sdb rw',
      '32 27 0:62 / /data/sub rw - tmpfs tmpfs rw',
      'nonsense',
    ].join('\n'),
  )

  const cases: [string, string, string | undefined][] = [
    ['/data', 'ext4', undefined],
    ['/data/deep', 'ext4', undefined],
    ['/database', 'overlay', 'container layer'],
    ['/', 'overlay', 'container layer'],
    ['/anonymous/x', 'ext4', 'anonymous volume'],
    ['/my disk', 'nfs4', 'network'],
    ['/data/sub/x', 'tmpfs', 'memory'],
  ]
  test.each(cases)('%s', (path, type, hazard) => {
    const mount = mountOf(path, table)!
    expect(mount.type).toBe(type)
    expect(hazardOf(mount, true)).toBe(hazard as ReturnType<typeof hazardOf>)
  })

  test('an overlay outside a container is an ordinary disk', () => {
    expect(hazardOf(mountOf('/', table)!, false)).toBeUndefined()
  })

  test('the fix is the line with the volume', () => {
    const finding = judgeStorage(mountOf('/', table)!, true, '/data')
    expect(finding.verdict).toBe('warning')
    expect(finding.fix?.[0]).toBe('docker run -v latchkey:/data …')
  })

  test('containers are recognised', () => {
    const none = { hasDockerEnv: false, hasContainerEnv: false, cgroup: '0::/init.scope\n' }
    expect(isInContainer(none)).toBe(false)
    expect(isInContainer({ ...none, hasDockerEnv: true })).toBe(true)
    expect(isInContainer({ ...none, hasContainerEnv: true })).toBe(true)
    expect(isInContainer({ ...none, cgroup: '1:cpu:/kubepods/pod1\n' })).toBe(true)
  })
})

describe('clock', () => {
  const NOW = Date.UTC(2026, 10, 22)

  test('an impossible year is reported', async () => {
    expect(await collect(checkClock(config({}), 0))).toEqual(['wrong: the clock shows 1970-01-01'])
  })

  test('a file from the future is reported', async () => {
    const data = join(folder.path, 'clock')
    mkdirSync(data)
    writeFileSync(join(data, 'latchkey.db'), '')
    utimesSync(join(data, 'latchkey.db'), NOW / 1000, NOW / 1000)
    expect((await collect(checkClock(config({ data }), NOW)))[0]).toStartWith(
      'ok: the clock shows 2026-11-22',
    )
    const late = await collect(checkClock(config({ data }), NOW - 10_800_000))
    expect(late[0]).toContain('warning: a file in the data folder is dated 3 hours ahead')
  })

  const skews: [number, string][] = [
    [500, 'ok: it agrees'],
    [20_500, 'warning: the clock here is 20 s ahead of'],
    [-599_500, 'wrong: the clock here is 10 minutes behind'],
  ]
  test.each(skews)('%d ms from the public address', async (skew, text) => {
    const target = parseTarget('http://127.0.0.1')!
    const probe = new Probe({ config: config({}), target, timeoutMs: 1, authorities: undefined })
    probe.date = { header: new Date(NOW).toUTCString(), at: NOW + skew }
    expect((await collect(checkRemoteClock(probe, 0)))[0]).toStartWith(text)
  })
})

describe('open files', () => {
  const row = (soft: string, hard: string) =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 ${hard}              files\n`

  test('the limit is read from /proc', () => {
    expect(parseLimit(row('1024', '524288'))).toEqual({ soft: 1024, hard: 524_288 })
    expect(parseLimit(row('unlimited', 'unlimited'))?.soft).toBe(Infinity)
    expect(parseLimit('Max processes 1 1')).toBeUndefined()
  })

  test('too few for the allowed connections is reported', () => {
    const { verdict, message, fix } = judgeLimit({ soft: 1024, hard: 524_288 }, config({}))
    expect(verdict).toBe('warning')
    expect(message).toContain('fewer than --max-connections 50000 needs')
    expect(fix).toContain('systemd: LimitNOFILE=65536')
    expect(fix).toContain('docker: --ulimit nofile=65536:65536')
    expect(fix).toContain('or --max-connections 614')
  })

  test('low, sufficient and insufficient limits are told apart', () => {
    const few = config({ 'max-connections': '100' })
    expect(judgeLimit({ soft: 4096, hard: 4096 }, few).verdict).toBe('warning')
    expect(judgeLimit({ soft: 65_536, hard: 65_536 }, config({})).verdict).toBe('ok')
    expect(judgeLimit({ soft: Infinity, hard: Infinity }, config({})).message).toContain(
      'any number',
    )
    const many = judgeLimit({ soft: 65_536, hard: 65_536 }, config({ 'max-connections': '200000' }))
    expect(many.fix?.[0]).toBe('systemd: LimitNOFILE=262144')
  })
})

describe('port', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(async () => server.end())

  const on = (port: number, more: Record<string, string> = {}) =>
    collect(checkPort(config({ host: '127.0.0.1', port: String(port), ...more }), 500))

  test('is taken by our own server', async () => {
    expect(await on(server.port)).toEqual([`ok: Latchkey answers on 127.0.0.1:${server.port}`])
  })

  test('is free', async () => {
    const gone = net.createServer()
    const port = await listen(gone)
    gone.close()
    expect((await on(port))[0]).toBe(`ok: 127.0.0.1:${port} is free; no server runs there now`)
    expect(await collect(checkPort(config({}), 500))).toEqual([
      'skipped: port 0 lets the system choose a free one',
    ])
  })

  test('is taken by a web server, which is quoted', async () => {
    const other = net.createServer((socket) => {
      socket.on('data', () => socket.end(page('404 Not Found', 'no', ['Server: other/1'])))
    })
    const port = await listen(other)
    expect((await on(port))[0]).toContain(
      'a web server answers there: 404 Not Found from "other/1"',
    )
    other.close()
  })

  test('is taken by a silent program', async () => {
    const open = new Set<net.Socket>()
    const other = net.createServer((socket) => open.add(socket))
    const port = await listen(other)
    expect((await on(port))[0]).toContain('does not answer as a web server')
    for (const socket of open) socket.destroy()
    other.close()
  })

  test('is not examined on another machine', async () => {
    const [found] = await on(8080, { host: '192.0.2.1' })
    expect(found).toMatch(/^wrong: /)
  })
})

test('without an address only the machine is examined', async () => {
  const checks: string[] = []
  for await (const finding of examine(config({ data: folder.path }))) checks.push(finding.check)
  expect([...new Set(checks)]).toEqual([
    'configuration',
    'data folder',
    'clock',
    'open files',
    'port',
    'certificate',
    'public url',
  ])
})
