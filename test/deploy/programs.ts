/** Finds the programs that the deployment tests need; what is not installed is unpacked from Debian's package. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const SYSTEM_FOLDERS = '/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin'

export interface Wanted {
  readonly program: string
  readonly debianPackage: string
  /** Path of the program in the package. */
  readonly inPackage: string
  /** Argument with which it tells its version, to see that it runs here. */
  readonly versionFlag: string
}

/** Path of a program; undefined, with a message on the console, if it is not available. */
export function provide(wanted: Wanted, folder: string): string | undefined {
  const found = find(wanted.program) ?? unpack(wanted, folder)
  if (found === undefined) {
    const { program, debianPackage } = wanted
    console.log(`skipped: ${program} is not installed (apt-get install ${debianPackage})`)
  }
  return found
}

/** Servers often lie in folders that only root's PATH names. */
export function find(program: string): string | undefined {
  const PATH = `${process.env['PATH'] ?? ''}:${SYSTEM_FOLDERS}`
  return Bun.which(program, { PATH }) ?? undefined
}

/** Unpacked and not installed: the machine stays as it is, and no service starts. */
export function unpack(
  { debianPackage, inPackage, versionFlag }: Wanted,
  folder: string,
): string | undefined {
  const [apt, dpkg] = [find('apt-get'), find('dpkg')]
  if (apt === undefined || dpkg === undefined) return undefined
  const place = join(folder, `package-${debianPackage}`)
  mkdirSync(place)
  const run = (...command: string[]) =>
    Bun.spawnSync(command, { cwd: place, timeout: 60_000, stdout: 'ignore', stderr: 'ignore' })
      .success
  const patience = ['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=15']
  const download = () => run(apt, '-qq', ...patience, 'download', debianPackage)
  // Without lists of packages nothing is found, and only root may fetch them.
  const isRoot = process.getuid?.() === 0
  if (!download() && !(isRoot && run(apt, '-qq', ...patience, 'update') && download())) {
    return undefined
  }
  const archive = readdirSync(place).find((name) => name.endsWith('.deb'))
  if (archive === undefined || !run(dpkg, '-x', archive, '.')) return undefined
  const path = join(place, inPackage)
  return existsSync(path) && run(path, versionFlag) ? path : undefined
}
