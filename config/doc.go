// Package config reads the configuration file and reports each mistake in it
// with its line and column. It never starts anything and never changes a file.
package config
