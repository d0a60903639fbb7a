/** What the data folder lies on, by Linux' table of mounts: a disk, or something that a restart wipes. */

export interface Mount {
  /** Folder of the file system that is mounted; `/` for all of it. */
  readonly root: string
  readonly point: string
  readonly type: string
}

/** Reads `/proc/self/mountinfo` (proc_pid_mountinfo(5)); lines that do not fit are left out. */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ')
    // Optional fields of any number end with a lone dash.
    const dash = fields.indexOf('-', 6)
    const [root, point, type] = [fields[3], fields[4], fields[dash + 1]]
    if (dash < 0 || root === undefined || point === undefined || type === undefined) return []
    return [{ root: unescapeOctal(root), point: unescapeOctal(point), type }]
  })
}

/** The kernel writes space, tab, newline and backslash as `\040`, one escape for each byte. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

/** The mount that an absolute path without links lies on; of equal points the last covers the others. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let best: Mount | undefined
  for (const mount of mounts) {
    const isAbove =
      mount.point === '/' || path === mount.point || path.startsWith(`${mount.point}/`)
    if (isAbove && (!best || mount.point.length >= best.point.length)) best = mount
  }
  return best
}

/** Why data there does not last or is not safe. */
export type Hazard = 'memory' | 'container layer' | 'anonymous volume' | 'network'

const MEMORY = new Set(['tmpfs', 'ramfs'])
const LAYERS = new Set(['overlay', 'aufs', 'fuse-overlayfs', 'fuse.fuse-overlayfs'])
const NETWORK = new Set([
  'nfs',
  'nfs4',
  'cifs',
  'smb3',
  'smbfs',
  'fuse.sshfs',
  'fuse.s3fs',
  'ceph',
  'glusterfs',
])

export function hazardOf(mount: Mount, isContainer: boolean): Hazard | undefined {
  if (MEMORY.has(mount.type)) return 'memory'
  if (NETWORK.has(mount.type)) return 'network'
  if (!isContainer) return undefined
  if (LAYERS.has(mount.type)) return 'container layer'
  // Storage drivers without overlays mount a folder of the engine's own as the root.
  if (mount.point === '/' && /\/(docker|containers|containerd)\//.test(mount.root))
    return 'container layer'
  if (/\/volumes\/[0-9a-f]{64}\/_data$/.test(mount.root)) return 'anonymous volume'
  return undefined
}

/** What container engines leave behind, gathered by the caller. */
export interface ContainerSigns {
  readonly hasDockerEnv: boolean
  readonly hasContainerEnv: boolean
  /** Text of /proc/1/cgroup; empty when it cannot be read. */
  readonly cgroup: string
}

export function isInContainer(signs: ContainerSigns): boolean {
  return (
    signs.hasDockerEnv ||
    signs.hasContainerEnv ||
    /\b(docker|containerd|kubepods|libpod|lxc)\b/.test(signs.cgroup)
  )
}
