/** The deployment files name existing things, agree with the settings, and work where that can be tried. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { EXIT } from '../../src/cli/command.ts'
import { readConfig } from '../../src/config.ts'
import { ROOT, readText } from '../docs/texts.ts'
import { eventually } from '../support/client.ts'
import { temporaryFolder, testConfig } from '../support/server.ts'
import { find } from './programs.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())

const defaults = testConfig({ 'drain-seconds': '10' })
const unit = readText('src/deploy/latchkey.service').text
const dropIn = readText('src/deploy/latchkey-tls.conf').text
const dockerfile = readText('src/deploy/Dockerfile').text

/** Values of a directive, in order. */
function directive(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`^${name}[= ](.*)$`, 'gm'))].map(([, value]) => value!)
}

/** The settings that `latchkey serve …` is given in a file, with those of its environment. */
function settingsOf(commandLine: string, environment: readonly string[]) {
  const words = commandLine.split(' ')
  expect(words.slice(0, 2)).toEqual(['/usr/local/bin/latchkey', 'serve'])
  const flags: Record<string, string> = {}
  for (let i = 2; i < words.length; i += 2) flags[words[i]!.replace(/^--/, '')] = words[i + 1]!
  const pairs = environment.map((line) => line.split('=') as [string, string])
  return readConfig(flags, Object.fromEntries(pairs))
}

describe('systemd', () => {
  test('the settings are valid and fit the rest of the unit', () => {
    const read = settingsOf(directive(unit, 'ExecStart')[0]!, directive(unit, 'Environment'))
    if (!read.ok) throw new Error(read.complaint)
    expect(read.config.data).toBe(`/var/lib/${directive(unit, 'StateDirectory')[0]}`)
    const { drainSeconds, maxConnections } = read.config
    expect(Number(directive(unit, 'TimeoutStopSec')[0])).toBeGreaterThan(drainSeconds)
    expect(Number(directive(unit, 'LimitNOFILE')[0])).toBeGreaterThan(maxConnections)
    expect(directive(unit, 'RestartPreventExitStatus')).toEqual([String(EXIT.usage)])
  })

  test('the settings of the drop-in are valid', () => {
    const environment = [...directive(unit, 'Environment'), ...directive(dropIn, 'Environment')]
    const read = settingsOf(directive(dropIn, 'ExecStart').at(-1)!, environment)
    if (!read.ok) throw new Error(read.complaint)
    expect(read.config.trustedProxies).toEqual([])
    const credentials = directive(dropIn, 'LoadCredential').map((line) => line.split(':')[0])
    const files = [read.config.tlsCert, read.config.tlsKey].map((path) => path?.split('/').at(-1))
    expect(files).toEqual(credentials)
  })

  const analyze = find('systemd-analyze')
  if (analyze === undefined) console.log('skipped: systemd-analyze is not installed')

  test.skipIf(analyze === undefined)('systemd finds no fault in the unit and its drop-in', () => {
    // It looks for the program, which is not installed here.
    const here = (text: string) => text.replaceAll('/usr/local/bin/latchkey', process.execPath)
    const path = join(folder.path, 'latchkey.service')
    mkdirSync(`${path}.d`)
    writeFileSync(path, here(unit))
    writeFileSync(join(`${path}.d`, 'tls.conf'), here(dropIn))
    const verified = Bun.spawnSync([analyze!, 'verify', '--man=no', path])
    // Complaints about other units of the machine are ignored.
    const said = `${verified.stdout}${verified.stderr}`.split('\n')
    expect(said.filter((line) => line.includes('latchkey') || line.includes('tls.conf'))).toEqual(
      [],
    )
    expect(verified.exitCode).toBe(0)
  })
})

describe('Docker', () => {
  const image = join(folder.path, 'image')
  const executable = join(image, 'dist/latchkey')

  test('the image is built with the pinned Bun, from files that exist and are not ignored', () => {
    const pinned = manifest.engines.bun.replace(/^>=/, '')
    expect(directive(dockerfile, 'FROM')[0]).toBe(`oven/bun:${pinned} AS build`)
    const ignored = readText('.dockerignore').text.trim().split('\n')
    for (const source of sources()) {
      expect([source, existsSync(join(ROOT, source))]).toEqual([source, true])
      expect(ignored).not.toContain(source)
    }
  })

  function sources(): string[] {
    return directive(dockerfile, 'COPY')
      .filter((line) => !line.startsWith('--from'))
      .flatMap((line) => line.split(' ').slice(0, -1))
  }

  test('the copied files suffice for the build', async () => {
    mkdirSync(image)
    for (const source of sources())
      cpSync(join(ROOT, source), join(image, source), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(image, 'node_modules'))
    expect(directive(dockerfile, 'RUN')).toContain('bun run build')
    const build = Bun.spawn([process.execPath, 'run', 'build'], {
      cwd: image,
      stdout: 'ignore',
      stderr: 'pipe',
    })
    const errors = await new Response(build.stderr).text()
    expect([await build.exited, existsSync(executable)]).toEqual([0, true])
    expect(errors).not.toContain('error')
    expect(dockerfile).toContain('COPY --from=build /build/dist/latchkey /usr/local/bin/latchkey')
  }, 120_000)

  test('the server starts with the variables of the image, and the health check passes', async () => {
    const pairs = directive(dockerfile, 'ENV')[0]!
      .split(' ')
      .map((pair) => pair.split('='))
    const given = Object.fromEntries(pairs) as Record<string, string>
    expect(given).toEqual({ LATCHKEY_HOST: '0.0.0.0', LATCHKEY_DATA: '/data' })
    const place = { LATCHKEY_HOST: '127.0.0.1', LATCHKEY_DATA: join(folder.path, 'data') }
    const env = { ...given, ...place, LATCHKEY_PORT: '0' }
    const words = (name: string, line: string) => {
      const array = new RegExp(`^${name}.*?(\\[.*\\])$`, 'm').exec(line)?.[1]
      return JSON.parse(array ?? '') as string[]
    }
    const check = words('\tCMD', dockerfile)
    const entry = [...words('ENTRYPOINT', dockerfile), ...words('CMD', dockerfile)]
    const start = (argv: readonly string[]) =>
      Bun.spawn([executable, ...argv.slice(1)], { env, stdout: 'ignore', stderr: 'ignore' })
    expect(await start(check).exited).toBe(EXIT.failed)
    const server = start(entry)
    await eventually(async () => (await start(check).exited) === EXIT.done, 'it is healthy')
    server.kill('SIGTERM')
    expect(await server.exited).toBe(EXIT.done)
    expect(await start(check).exited).toBe(EXIT.failed)
  })
})

describe('compose.yaml', () => {
  interface Compose {
    readonly services: Record<string, Service>
    readonly volumes: Record<string, unknown>
  }
  interface Service {
    readonly build: { readonly context: string; readonly dockerfile: string }
    readonly environment: Record<string, string>
    readonly stop_grace_period: string
    readonly ulimits: { readonly nofile: number }
    readonly volumes: readonly string[]
  }

  let compose: Compose
  beforeAll(() => {
    compose = Bun.YAML.parse(readText('src/deploy/compose.yaml').text) as Compose
  })

  test('builds this repository, with valid settings', () => {
    const service = compose.services['latchkey']!
    const context = resolve(dirname(join(ROOT, 'src/deploy/compose.yaml')), service.build.context)
    expect(context).toBe(resolve(ROOT))
    expect(existsSync(join(context, service.build.dockerfile))).toBe(true)
    const read = readConfig({}, service.environment)
    if (!read.ok) throw new Error(read.complaint)
    expect(Number.parseInt(service.stop_grace_period)).toBeGreaterThan(defaults.drainSeconds)
    expect(service.ulimits.nofile).toBeGreaterThan(defaults.maxConnections)
    const [volume, target] = service.volumes[0]!.split(':')
    expect(Object.keys(compose.volumes)).toEqual([volume!])
    expect(target).toBe(directive(dockerfile, 'VOLUME')[0]!)
  })
})
