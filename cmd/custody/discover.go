package main

import "github.com/spf13/cobra"

func (a *app) discoverCommand() *cobra.Command { return &cobra.Command{Use: "discover"} }
