ALTER TABLE `apps` ADD `max_connections` integer;--> statement-breakpoint
ALTER TABLE `apps` ADD `max_channels` integer;--> statement-breakpoint
ALTER TABLE `apps` ADD `message_rate` integer;--> statement-breakpoint
ALTER TABLE `apps` ADD `memory_mb` integer;--> statement-breakpoint
ALTER TABLE `apps` ADD `disk_mb` integer;--> statement-breakpoint
ALTER TABLE `apps` ADD `allowed_origins` text;--> statement-breakpoint
ALTER TABLE `apps` ADD `made_by` text;