/** The menu: every section of the dashboard, in the order in which it is shown. */
import type { IconName } from './view/icons.tsx'

export interface MenuItem {
  readonly path: string
  readonly title: string
  readonly icon: IconName
  /** For owners of the server's own account only. */
  readonly isOwners?: true
}

export interface MenuGroup {
  readonly title: string | undefined
  readonly items: readonly MenuItem[]
}

export const MENU: readonly MenuGroup[] = [
  {
    title: undefined,
    items: [{ path: '/', title: 'Connect', icon: 'plug' }],
  },
  {
    title: 'Access',
    items: [
      { path: '/reservations', title: 'Reservations', icon: 'bookmark' },
      { path: '/apps', title: 'Apps and keys', icon: 'apps' },
      { path: '/who', title: 'Who gets in?', icon: 'question' },
    ],
  },
  {
    title: 'Server',
    items: [
      { path: '/live', title: 'Live', icon: 'pulse' },
      { path: '/statistics', title: 'Statistics', icon: 'chart' },
      { path: '/audit', title: 'Audit', icon: 'list' },
      { path: '/backups', title: 'Backups', icon: 'archive', isOwners: true },
    ],
  },
]
