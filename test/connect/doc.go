// Package connect runs the tests of the npm package in connect/, which are written for
// Node. It tests nothing itself.
package connect
