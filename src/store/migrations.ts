/** The migrations in order, as text inside the program, so that they travel in the executable. */
import deviceGrants from './migrations/0011_device_grants.sql' with { type: 'text' }
import first from './migrations/0000_first.sql' with { type: 'text' }
import apps from './migrations/0001_apps.sql' with { type: 'text' }
import appLimits from './migrations/0009_app_limits.sql' with { type: 'text' }
import audit from './migrations/0006_audit.sql' with { type: 'text' }
import commonsStats from './migrations/0008_commons_stats.sql' with { type: 'text' }
import dashboard from './migrations/0004_dashboard.sql' with { type: 'text' }
import links from './migrations/0003_links.sql' with { type: 'text' }
import push from './migrations/0007_push.sql' with { type: 'text' }
import sandbox from './migrations/0002_sandbox.sql' with { type: 'text' }
import stats from './migrations/0005_stats.sql' with { type: 'text' }
import tokenNumbers from './migrations/0010_token_numbers.sql' with { type: 'text' }

export const migrations: readonly string[] = [
  first,
  apps,
  sandbox,
  links,
  dashboard,
  stats,
  audit,
  push,
  commonsStats,
  appLimits,
  tokenNumbers,
  deviceGrants,
]
