/** The data folder: can be written, has room, keeps its secrets to itself, and outlives a restart. */
import { constants, existsSync } from 'node:fs'
import { access, open, readFile, realpath, stat, statfs, unlink } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import type { Config } from '../../config.ts'
import { shellWord } from '../../text/shell.ts'
import { type Finding, errorText, reporter } from './finding.ts'
import { type Hazard, type Mount, hazardOf, isInContainer, mountOf, parseMounts } from './mounts.ts'

const report = reporter('data folder')
const MIB = 1_048_576
const SCARCE_BYTES = 1024 * MIB
const FULL_BYTES = 64 * MIB

export async function* checkFolder(config: Config): AsyncGenerator<Finding> {
  if (config.inMemory) {
    yield report.skipped('there is none: --in-memory')
    return
  }
  const folder = resolve(config.data)
  const known = await stat(folder).catch(() => undefined)
  if (known && !known.isDirectory()) {
    yield report.wrong(`${folder} is a file, not a folder`, ['--data FOLDER'])
    return
  }
  const existing = known ? folder : nearestFolder(folder)
  yield known ? await writeProbe(folder) : await mayCreate(folder, existing)
  yield* await checkRoom(existing, await historySize(config, folder))
  yield* await checkModes(folder)
  yield await checkStorage(await realpath(existing), folder)
}

function nearestFolder(path: string): string {
  const parent = dirname(path)
  return parent === path || existsSync(parent) ? parent : nearestFolder(parent)
}

async function mayCreate(folder: string, existing: string): Promise<Finding> {
  try {
    await access(existing, constants.W_OK | constants.X_OK)
    return report.ok(`${folder} does not exist yet; the server creates it on its first start`)
  } catch (error) {
    return report.wrong(`${folder} cannot be created in ${existing} (${errorText(error)})`, [
      `sudo mkdir -p ${shellWord(folder)} && sudo chown ${user()} ${shellWord(folder)}`,
    ])
  }
}

/** Mode bits do not tell of read-only mounts, quotas and full disks; a file that reaches the disk does. */
async function writeProbe(folder: string): Promise<Finding> {
  const path = join(folder, `.doctor-${randomBytes(6).toString('hex')}`)
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile('probe')
      await file.sync()
    } finally {
      await file.close()
      await unlink(path)
    }
    return report.ok(`${folder} can be written`)
  } catch (error) {
    const code = errorText(error)
    return report.wrong(`${folder} cannot be written (${code})`, writeFix(code, folder))
  }
}

function writeFix(code: string, folder: string): string[] {
  if (code === 'EROFS')
    return [
      `systemd: ReadWritePaths=${/[^\w./-]/.test(folder) ? JSON.stringify(folder) : folder}`,
      `docker: -v ${shellWord(`latchkey:${folder}`)}  # without :ro`,
    ]
  if (code === 'ENOSPC' || code === 'EDQUOT') return [`free some space: df -h ${shellWord(folder)}`]
  return [`sudo chown -R ${user()} ${shellWord(folder)}`, `sudo chmod u+rwx ${shellWord(folder)}`]
}

/** By number, because that is what a container needs, whose names are not the host's. */
function user(): string {
  return `${process.getuid?.() ?? 'USER'}:${process.getgid?.() ?? 'GROUP'}`
}

interface HistorySize {
  readonly bytes: number
  /** What it may come to; 0 for no limit. */
  readonly budget: number
}

async function historySize({ historyDiskMb }: Config, folder: string): Promise<HistorySize> {
  const known = await stat(join(folder, 'history.db')).catch(() => undefined)
  return { bytes: known?.size ?? 0, budget: historyDiskMb * MIB }
}

async function checkRoom(folder: string, history: HistorySize): Promise<Finding[]> {
  const room = await statfs(folder).catch(() => undefined)
  if (!room || room.blocks === 0) return []
  const free = room.bavail * room.bsize
  const text = `${Math.floor(free / MIB)} MiB are free on its disk`
  if (free < FULL_BYTES) return [report.wrong(`only ${text}`, [`df -h ${shellWord(folder)}`])]
  const growth = history.budget - history.bytes
  if (free < growth) {
    const more = `the history may grow by ${Math.ceil(growth / MIB)} MiB`
    const fitting = Math.floor((history.bytes + free / 2) / MIB)
    return [report.warning(`${text}, and ${more}`, [`--history-disk-mb ${fitting}`])]
  }
  if (free < SCARCE_BYTES) return [report.warning(`only ${text}`, [`df -h ${shellWord(folder)}`])]
  if (room.files > 0 && room.ffree === 0) {
    return [
      report.wrong('its disk has no inode left for another file', [`df -i ${shellWord(folder)}`]),
    ]
  }
  return []
}

/** Files that only the server's user may read, because they open everything else. */
const SECRET_FILES: readonly { readonly name: string; readonly forbidden: number }[] = [
  { name: 'master.key', forbidden: 0o077 },
  { name: 'latchkey.db', forbidden: 0o007 },
  { name: 'history.db', forbidden: 0o007 },
]

async function checkModes(folder: string): Promise<Finding[]> {
  if (process.platform === 'win32') return []
  const findings = await Promise.all(
    SECRET_FILES.map(async ({ name, forbidden }) => {
      const path = join(folder, name)
      const mode = (await stat(path).catch(() => undefined))?.mode
      if (mode === undefined || (mode & forbidden) === 0) return undefined
      const shown = (mode & 0o777).toString(8).padStart(4, '0')
      const make = name === 'master.key' ? report.wrong : report.warning
      return make(`${name} can be read by other users (mode ${shown})`, [
        `chmod 600 ${shellWord(path)}`,
      ])
    }),
  )
  return findings.filter((found) => found !== undefined)
}

async function checkStorage(real: string, folder: string): Promise<Finding> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => undefined)
  const mount = text === undefined ? undefined : mountOf(real, parseMounts(text))
  if (!mount) return report.skipped('what kind of disk it lies on cannot be seen on this platform')
  const isContainer = isInContainer({
    hasDockerEnv: existsSync('/.dockerenv'),
    hasContainerEnv: existsSync('/run/.containerenv'),
    cgroup: await readFile('/proc/1/cgroup', 'utf8').catch(() => ''),
  })
  return judgeStorage(mount, isContainer, folder)
}

export function judgeStorage(mount: Mount, isContainer: boolean, folder: string): Finding {
  const hazard = hazardOf(mount, isContainer)
  if (hazard === undefined) return report.ok(`it lies on ${mount.type}, which outlives a restart`)
  return report.warning(HAZARDS[hazard], hazardFix(hazard, isContainer, folder))
}

const HAZARDS: Readonly<Record<Hazard, string>> = {
  memory: 'it lies in memory (tmpfs): reservations, accounts and keys are gone after a restart',
  'container layer':
    'it lies in the container itself: reservations, accounts and keys are gone when the container is replaced',
  'anonymous volume':
    'it lies on a volume without a name: the next container starts with an empty one',
  network: 'it lies on a network file system, where SQLite cannot keep its promises',
}

function hazardFix(hazard: Hazard, isContainer: boolean, folder: string): string[] {
  if (hazard === 'network') return ['--data FOLDER_ON_A_LOCAL_DISK']
  if (!isContainer) return ['--data /var/lib/latchkey']
  return [
    `docker run -v ${shellWord(`latchkey:${folder}`)} …`,
    `compose.yaml, in the service: volumes: [${JSON.stringify(`latchkey:${folder}`)}]; at the end: volumes: { latchkey: {} }`,
  ]
}
