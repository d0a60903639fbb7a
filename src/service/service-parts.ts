/** What the services that change settings are built from. */
import type { AuditService } from './audit/audit.ts'
import type { StoreParts } from './store-parts.ts'

export interface ServiceParts extends StoreParts {
  readonly audit: AuditService
}
