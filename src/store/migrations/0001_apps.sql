ALTER TABLE `changes` RENAME COLUMN "namespace" TO "entity";--> statement-breakpoint
CREATE TABLE `api_keys` (
	`app_id` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`capability` text NOT NULL,
	`revocable_tokens` integer NOT NULL,
	`status` text NOT NULL,
	`secret` blob NOT NULL,
	`old_secret` blob,
	`last_used_at` integer,
	`old_last_used_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`revoked_at` integer,
	PRIMARY KEY(`app_id`, `id`),
	FOREIGN KEY (`app_id`) REFERENCES `apps`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `apps` (
	`id` text PRIMARY KEY NOT NULL,
	`account_id` text NOT NULL,
	`name` text NOT NULL,
	`status` text NOT NULL,
	`tls_only` integer NOT NULL,
	`is_default` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`expires_at` integer,
	FOREIGN KEY (`account_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `apps_name` ON `apps` (`account_id`,`name`);--> statement-breakpoint
CREATE UNIQUE INDEX `apps_default` ON `apps` (`is_default`) WHERE is_default = 1;--> statement-breakpoint
CREATE TABLE `channel_rules` (
	`app_id` text NOT NULL,
	`id` text NOT NULL,
	`authenticated` integer NOT NULL,
	`persisted` integer NOT NULL,
	`persist_last` integer NOT NULL,
	`push_enabled` integer NOT NULL,
	`tls_only` integer NOT NULL,
	`mutable_messages` integer NOT NULL,
	`expose_timeserial` integer NOT NULL,
	`populate_channel_registry` integer NOT NULL,
	`batching_enabled` integer NOT NULL,
	`batching_interval` integer,
	`conflation_enabled` integer NOT NULL,
	`conflation_interval` integer,
	`conflation_key` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`app_id`, `id`),
	FOREIGN KEY (`app_id`) REFERENCES `apps`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `revocations` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`app_id` text NOT NULL,
	`key_id` text,
	`kind` text NOT NULL,
	`value` text NOT NULL,
	`issued_before` integer NOT NULL,
	`applies_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`app_id`) REFERENCES `apps`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `revocations_app` ON `revocations` (`app_id`);--> statement-breakpoint
CREATE INDEX `revocations_expiry` ON `revocations` (`expires_at`);--> statement-breakpoint
ALTER TABLE `changes` ADD `kind` text DEFAULT 'reservation' NOT NULL;